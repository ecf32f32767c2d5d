"""Privileges on tables, columns, views, routines, schemas, sequences and types."""

import os
from typing import Any

import pytest
from sqlalchemy import URL, Enum, Integer, MetaData, Sequence
from sqlalchemy.dialects import postgresql
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, declaring, documents, each
from tests.support.servers import Server
from tests.support.snapshot import snapshot

from tenantry.ddl import DeclarationError, Function, Grant, Policy, Procedure, Role, RowSecurity, Schema, View

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
READER, WRITER = f"case_reader_{os.getpid()}", f"case Writer {os.getpid()}"
MAINTAIN = 17
ROLES = f'CREATE ROLE {READER}; CREATE ROLE "{WRITER}"'


def _on_table(*grants: Grant) -> MetaData:
    return documents(*grants)


TABLES: Pairs = {
    "created": (_on_table(), _on_table(Grant("select", to=READER))),
    "one more privilege": (_on_table(Grant("select", to=READER)), _on_table(Grant("insert, select", to=READER))),
    "another privilege": (_on_table(Grant("select", to=READER)), _on_table(Grant("insert", to=READER))),
    "another role": (_on_table(Grant("select", to=READER)), _on_table(Grant("select", to=WRITER))),
    "one more role": (_on_table(Grant("select", to=READER)), _on_table(Grant("select", to=[READER, WRITER]))),
    "everything": (
        _on_table(),
        _on_table(Grant("select, insert, update, delete, truncate, references, trigger", to=[READER, WRITER])),
    ),
    "public": (_on_table(Grant("select", to="PUBLIC")), _on_table(Grant("select", to=READER))),
    "columns": (_on_table(Grant("select", to=READER)), _on_table(Grant("select", columns="id, title", to=READER))),
    "other columns": (
        _on_table(Grant("update", columns="title", to=READER), Grant("select", to=READER)),
        _on_table(Grant("update", columns="state, id", to=READER), Grant("select", to=READER)),
    ),
    "columns of several privileges": (
        _on_table(Grant("select, update", columns=["title"], to=READER)),
        _on_table(Grant("select, insert, references", columns=["title", "id"], to=[READER, WRITER])),
    ),
}


def _f(*, to: str = "", privileges: str = "execute", **attributes: str) -> Declare:
    def declare(metadata: MetaData) -> None:
        function = Function(**{"name": "f", "returns": "int", "body": "SELECT 1", **attributes}, metadata=metadata)  # type: ignore[arg-type]
        if to:
            Grant(privileges, to=to, on=function, metadata=metadata)

    return declare


def _p(to: str) -> Declare:
    def declare(metadata: MetaData) -> None:
        on = Procedure("Do It", arguments="a int DEFAULT 1", body="SELECT 1", schema="Odd Schema", metadata=metadata)
        if to:
            Grant("execute", to=to, on=on, metadata=metadata)

    return declare


def _anything_with_option(on: Any, privileges: str, to: str) -> MetaData:
    metadata = MetaData()
    Grant(privileges, to=to, on=on, with_grant_option=True, metadata=metadata)
    return metadata


def _view(*, to: str = "", columns: str | None = None) -> MetaData:
    def declare(metadata: MetaData) -> None:
        view = View("v", "SELECT id, title FROM documents", metadata=metadata)
        if to:
            Grant("select", to=to, columns=columns, on=view, metadata=metadata)

    return documents(also=declare)


def _schema(*grants: tuple[str, str, str]) -> MetaData:
    metadata = MetaData()
    for privileges, schema, to in grants:
        Grant(privileges, to=to, on=Schema(schema), metadata=metadata)
    return metadata


OTHER_OBJECTS: Pairs = {
    "function closed to public": (declaring(), declaring(_f())),
    "function created": (declaring(), declaring(_f(to=READER))),
    "function opened to public": (declaring(_f()), declaring(_f(to="PUBLIC"))),
    "function to another role": (declaring(_f(to=READER)), declaring(_f(to=WRITER))),
    "function changed": (declaring(_f(to=READER)), declaring(_f(to=READER, body="SELECT 2"))),
    "function rebuilt": (declaring(_f(to=READER)), declaring(_f(to=WRITER, returns="text", body="SELECT 'x'"))),
    "function with defaults": (
        declaring(_f(arguments="a int DEFAULT 1, b varchar DEFAULT 'x, y'")),
        declaring(_f(arguments="a int DEFAULT 1, b varchar DEFAULT 'x, y'", to=f"{READER}, {WRITER}")),
    ),
    "one of two overloads": (
        declaring(_f(to=READER), _f(arguments="a int")),
        declaring(_f(), _f(arguments="a int", to=READER)),
    ),
    "procedure": (declaring(_p("")), declaring(_p(READER))),
    "view": (_view(), _view(to=READER)),
    "view columns": (_view(to=READER), _view(to=READER, columns="id")),
    "schema": (_schema(), _schema(("usage", "other", READER))),
    "schema privileges": (
        _schema(("usage", "other", READER)),
        _schema(("usage, create", "Odd Schema", f"{READER}, {WRITER}"), ("usage", "public", WRITER)),
    ),
}


_state = Enum("open", "shut", name="Odd state", schema="other")


def _anything(on: Any, *grants: tuple[str, Any]) -> MetaData:
    """Grants on what a database may hold before anything of ours."""
    metadata = MetaData()
    for privileges, to in grants:
        Grant(privileges, to=to, on=on, metadata=metadata)
    return metadata


SEQUENCE, TYPE, DOMAIN = Sequence("numbers"), _state, postgresql.DOMAIN("positive", Integer)
FOUND = f"""{ROLES}; CREATE SEQUENCE numbers; CREATE TYPE other."Odd state" AS ENUM ('open', 'shut');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0)"""

SEQUENCES_AND_TYPES: Pairs = {
    "sequence": (_anything(SEQUENCE), _anything(SEQUENCE, ("usage, select", READER))),
    "sequence to others": (
        _anything(SEQUENCE, ("usage, select", [READER, WRITER])),
        _anything(SEQUENCE, ("update", READER), ("select", "PUBLIC")),
    ),
    "type": (_anything(TYPE, ("usage", ())), _anything(TYPE, ("usage", READER))),
    "domain": (_anything(DOMAIN, ("usage", READER)), _anything(DOMAIN, ("usage", WRITER))),
}

OPTIONS: Pairs = {
    "created": (_on_table(), _on_table(Grant("select, insert", to=READER, with_grant_option=True))),
    "added": (
        _on_table(Grant("select, insert", to=[READER, WRITER])),
        _on_table(Grant("select", to=READER, with_grant_option=True), Grant("insert", to=[READER, WRITER])),
    ),
    "on columns": (
        _on_table(Grant("update", columns="title, state", to=READER)),
        _on_table(Grant("update", columns="title", to=READER, with_grant_option=True)),
    ),
    "on a sequence": (
        _anything(SEQUENCE, ("usage", READER)),
        _anything_with_option(SEQUENCE, "usage", READER),
    ),
}


def _with_role(*grants: Grant) -> MetaData:
    metadata = documents(RowSecurity(), Policy("p", using="true", to=READER), *grants)
    Role(READER, metadata=metadata)
    return metadata


ROLES_OF_OURS: Pairs = {
    "role, policy and grant at once": (documents(), _with_role(Grant("select", to=READER))),
    "last grant to a role": (_with_role(Grant("select", to=READER)), _with_role()),
}


@each(TABLES)
def test_privileges_on_tables_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=ROLES)


@each(OTHER_OBJECTS)
def test_privileges_on_other_objects_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=ROLES)


@each(ROLES_OF_OURS)
def test_grants_go_with_the_roles_they_name(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SEQUENCES_AND_TYPES)
def test_privileges_on_sequences_and_types_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=FOUND)


@each(OPTIONS)
def test_grant_options_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=FOUND)


def test_what_is_not_granted_on_a_type_is_left_alone(run: Run) -> None:
    assert run(documents(), documents(), found=FOUND).is_empty


@pytest.mark.parametrize("on", [TYPE, DOMAIN], ids=["enum", "domain"])
def test_a_type_is_closed_where_grants_say_who_may_use_it(shared_database: URL, on: Any) -> None:
    """Everybody may, unless something is declared; a closed one stays closed when nothing is declared any more."""
    closed = _anything(on, ("usage", ()))
    with comparing(shared_database) as comparison:
        comparison.execute(FOUND)
        assert comparison.revision(_anything(on, ("usage", "PUBLIC"))).is_empty
        start = snapshot(comparison.connection)
        revision = comparison.migrate_to(closed)
        assert "to=('public',), ours=False" in revision.upgrade
        assert comparison.revision(closed).is_empty
        assert comparison.revision(MetaData()).is_empty
        comparison.run(revision.downgrade)
        assert [line for line in snapshot(comparison.connection) if "ledger" not in line] == start


def test_maintain_is_there_since_postgresql_17(server: Server, run: Run) -> None:
    with_maintain = _on_table(Grant("select, maintain", to=READER))
    if server.major >= MAINTAIN:
        assert "maintain" in run(_on_table(), with_maintain, found=ROLES).upgrade
    else:
        with pytest.raises(DeclarationError, match="MAINTAIN on table documents"):
            run(_on_table(), with_maintain, found=ROLES)


PASSED_ON = f"""
    SET LOCAL ROLE {READER};
    GRANT SELECT ON documents TO "{WRITER}";
    RESET ROLE
"""


@pytest.mark.parametrize("writes", [False, True])
def test_what_somebody_passed_on_is_his_affair(shared_database: URL, writes: bool) -> None:
    """Only who granted it can revoke it."""
    declared = _on_table(
        Grant("select", to=READER, with_grant_option=True), Grant("select" if writes else "insert", to=WRITER)
    )
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(declared)
        comparison.execute(PASSED_ON)
        assert comparison.revision(declared).is_empty


def test_an_owner_needs_no_grant(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        owner = comparison.connection.exec_driver_sql("SELECT current_user").scalar_one()
        declared = _on_table(Grant("select", to=[str(owner), READER]))
        assert str(owner) not in comparison.migrate_to(declared).upgrade
        assert comparison.revision(declared).is_empty


REFUSED = {
    "no such privilege": ({"privileges": "execute", "to": READER}, "on a table names some of"),
    "all": ({"privileges": "all", "to": READER}, "on a table names some of"),
    "nothing": ({"privileges": "", "to": READER}, "nothing"),
    "on columns": ({"privileges": "delete", "to": READER, "columns": "id"}, "on a column"),
    "on a sequence": ({"privileges": "insert", "to": READER, "on": SEQUENCE, "metadata": MetaData()}, "on a sequence"),
    "option to everybody": ({"privileges": "select", "to": "PUBLIC", "with_grant_option": True}, "no grant option"),
    "without metadata": ({"privileges": "usage", "to": READER, "on": Schema("other")}, "needs metadata="),
}


@pytest.mark.parametrize(("attributes", "reason"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_postgresql_cannot_grant_is_refused(attributes: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        Grant(**attributes)


THEIRS = f"""
    CREATE ROLE {READER};
    CREATE TABLE tenants (id serial PRIMARY KEY, owner text);
    GRANT SELECT ON tenants TO {READER};
    GRANT CREATE ON SCHEMA other TO {READER};
"""


@each({"created": (documents(), _view()), "rebuilt": (_view(), documents(also=_f()))})
def test_what_others_granted_is_left_alone(run: Run, before: MetaData, after: MetaData) -> None:
    assert READER not in run(before, after, found=THEIRS).upgrade


def test_what_others_granted_survives_a_rebuild(shared_database: object) -> None:
    with comparing(shared_database) as comparison:  # type: ignore[arg-type]
        comparison.migrate_to(_view())
        comparison.execute(f"CREATE ROLE {READER}; GRANT SELECT ON v TO {READER}")
        narrower = documents(also=lambda metadata: View("v", "SELECT id FROM documents", metadata=metadata))
        comparison.migrate_to(narrower)
        granted = comparison.connection.exec_driver_sql(f"SELECT has_table_privilege('{READER}', 'v', 'select')")
        assert granted.scalar_one() is True
        assert comparison.revision(narrower).is_empty
