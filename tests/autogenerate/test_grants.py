"""Privileges on tables, columns, views, routines and schemas."""

import os

from sqlalchemy import MetaData
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, declaring, documents, each

from tenantry.ddl import Function, Grant, Policy, Procedure, Role, RowSecurity, Schema, View

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
READER, WRITER = f"case_reader_{os.getpid()}", f"case Writer {os.getpid()}"
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
