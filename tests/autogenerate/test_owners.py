"""Owners of tables, views, routines, sequences, types and schemas."""

import os
from typing import Any

from sqlalchemy import URL, Column, Enum, Integer, MetaData, Sequence, String, Table, Text
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import assert_same, comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each
from tests.support.snapshot import snapshot

from tenantry.ddl import Function, Grant, Owner, Policy, Procedure, Role, RowSecurity, Schema, Trigger, View, ViewIndex

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
KEEPER, OTHER = f"case_keeper_{os.getpid()}", f"case Other {os.getpid()}"
ROLES = f"""
    CREATE ROLE {KEEPER}; CREATE ROLE "{OTHER}"; CREATE SEQUENCE numbers; CREATE TYPE state AS ENUM ('open');
    CREATE VIEW theirs AS SELECT 1 AS one; ALTER VIEW theirs OWNER TO "{OTHER}";
"""


def _table(*items: Any) -> MetaData:
    return documents(*items)


def _view(owner: str = "", query: str = "SELECT id FROM documents", to: str = "", **attributes: Any) -> MetaData:
    def declare(metadata: MetaData) -> None:
        view = View("v", query, metadata=metadata, **attributes)
        if owner:
            Owner(owner, on=view)
        if to:
            Grant("select", to=to, on=view)

    return documents(also=declare)


def _routine(kind: Any, owner: str, **attributes: Any) -> Declare:
    def declare(metadata: MetaData) -> None:
        routine = kind("Odd name", body="SELECT 1", metadata=metadata, **attributes)
        if owner:
            Owner(owner, on=routine)

    return declare


def _on(on: Any, owner: str) -> Declare:
    return lambda metadata: Owner(owner, on=on, metadata=metadata)


FULL = (
    RowSecurity(),
    Policy("p", using="true", to=KEEPER),
    Trigger("t", before="update", execute="suppress_redundant_updates_trigger()", enabled="always"),
)

OWNERS: Pairs = {
    "table": (_table(), _table(Owner(KEEPER))),
    "table to another": (_table(Owner(KEEPER)), _table(Owner(OTHER))),
    "created with it": (MetaData(), documents(Owner(KEEPER), Grant("select", to=OTHER))),
    "with all that is on it": (MetaData(), documents(Owner(KEEPER), *FULL, Grant("insert", to=[OTHER]))),
    "granted before": (_table(Grant("select", to=[KEEPER, OTHER])), _table(Grant("select", to=OTHER), Owner(KEEPER))),
    "granted all the time": (
        _table(Grant("select", to=[KEEPER, OTHER])),
        _table(Grant("select", to=[KEEPER, OTHER]), Owner(KEEPER)),
    ),
    "exchanged with a grant": (
        _table(Grant("select", to=KEEPER), Owner(OTHER)),
        _table(Grant("select", to=OTHER), Owner(KEEPER)),
    ),
    "view": (_view(), _view(KEEPER)),
    "view rebuilt": (_view(KEEPER, to=OTHER), _view(KEEPER, "SELECT id::bigint FROM documents", to=OTHER)),
    "view rebuilt for another": (_view(KEEPER), _view(OTHER, "SELECT id::bigint FROM documents")),
    "view replaced": (_view(KEEPER), _view(KEEPER, "SELECT id FROM documents WHERE id > 1")),
    "materialised": (
        _view(KEEPER, materialized=True, indexes=[ViewIndex("i", "id")]),
        _view(OTHER, "SELECT 1 AS id", materialized=True, indexes=[ViewIndex("i", "id")]),
    ),
    "view dropped": (_view(KEEPER, to=OTHER), documents()),
    "function": (
        declaring(_routine(Function, "", arguments="a varchar DEFAULT 'x'", returns="int")),
        declaring(_routine(Function, KEEPER, arguments="a varchar DEFAULT 'x'", returns="int")),
    ),
    "function rebuilt": (
        declaring(_routine(Function, KEEPER, arguments="a int", returns="int")),
        declaring(_routine(Function, KEEPER, arguments="b int", returns="int")),
    ),
    "procedure": (declaring(_routine(Procedure, KEEPER)), declaring(_routine(Procedure, OTHER))),
    "schema": (declaring(), declaring(_on(Schema("Odd Schema"), KEEPER))),
    "sequence": (declaring(_on(Sequence("numbers"), OTHER)), declaring(_on(Sequence("numbers"), KEEPER))),
    "type": (declaring(), declaring(_on(Enum("open", name="state"), KEEPER))),
}


def _typed(*labels: str, owner: str = "", to: str = "") -> MetaData:
    metadata = MetaData()
    state = Enum(*labels, name="step")
    Table("steps", metadata, Column("id", Integer, primary_key=True), Column("step", state))
    if owner:
        Owner(owner, on=state, metadata=metadata)
    if to:
        Grant("usage", to=to, on=state, metadata=metadata)
    return metadata


CONVERTED: Pairs = {
    "with its owner": (_typed("a", "b", owner=KEEPER), _typed("b", "a", owner=KEEPER)),
    "with owner and grants": (_typed("a", "b", owner=KEEPER, to=OTHER), _typed("b", "a", owner=KEEPER, to=OTHER)),
    "with a value more": (_typed("a", owner=KEEPER, to=OTHER), _typed("a", "b", owner=KEEPER, to=OTHER)),
    "with a value more, for another": (_typed("a", owner=KEEPER, to=OTHER), _typed("a", "b", owner=OTHER, to=KEEPER)),
    "with a value more, owned from now on": (_typed("a", to=OTHER), _typed("a", "b", owner=KEEPER, to=OTHER)),
    "with a value more, no longer owned": (_typed("a", owner=KEEPER, to=OTHER), _typed("a", "b", to=OTHER)),
    "with a value more, for everybody": (
        _typed("a", owner=KEEPER, to="PUBLIC"),
        _typed("a", "b", owner=OTHER, to="PUBLIC"),
    ),
    "owned no longer": (_typed("a", "b", owner=KEEPER), _typed("b", "a")),
}


@each(CONVERTED)
def test_a_converted_type_has_its_owner_again(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=ROLES)


def test_a_value_more_leaves_what_others_did(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(_typed("a"))
        comparison.execute(
            f'ALTER TYPE step OWNER TO {KEEPER}; GRANT USAGE ON TYPE step TO "{OTHER}" WITH GRANT OPTION'
        )
        before = snapshot(comparison.connection)
        revision = comparison.migrate_to(_typed("a", "b", owner=OTHER))
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection), before, revision.downgrade)


@each(OWNERS)
def test_owners_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=ROLES)


def test_a_new_role_may_own(run: Run) -> None:
    run(MetaData(), documents(Owner(KEEPER), also=lambda metadata: Role(KEEPER, metadata=metadata)))


def test_what_nobody_declared_keeps_its_owner(run: Run) -> None:
    def both(metadata: MetaData) -> None:
        Owner(KEEPER, on=metadata.tables["documents"])

    revision = run(documents(), documents(also=both), found=ROLES)
    assert "theirs" not in revision.upgrade + revision.downgrade


def test_a_rebuilt_view_stays_whose_it_is(shared_database: URL) -> None:
    wider = _view(query="SELECT id::bigint FROM documents")
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(_view())
        comparison.execute(f"ALTER VIEW v OWNER TO {KEEPER}")
        revision = comparison.migrate_to(wider)
        owner = "SELECT viewowner FROM pg_views WHERE viewname = 'v'"
        assert comparison.connection.exec_driver_sql(owner).scalar_one() == KEEPER
        assert comparison.revision(wider).is_empty
        comparison.run(revision.downgrade)
        assert comparison.connection.exec_driver_sql(owner).scalar_one() == KEEPER


def test_a_view_that_nobody_declared_stays_whose_it_is(run: Run) -> None:
    theirs = f"""
        {ROLES} CREATE TABLE documents (id serial PRIMARY KEY, state text);
        CREATE VIEW v AS SELECT state FROM documents; ALTER VIEW v OWNER TO {KEEPER};
        GRANT SELECT ON v TO "{OTHER}"; GRANT SELECT ON documents TO {KEEPER};
    """

    def stated(state: Any) -> MetaData:
        metadata = MetaData()
        Table("documents", metadata, Column("id", Integer, primary_key=True), Column("state", state))
        return metadata

    revision = run(stated(Text), stated(String(10)), found=theirs)
    assert "Owner(" in revision.upgrade
    assert "Owner(" in revision.downgrade


def test_a_table_restored_has_its_owner_again(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(_table())
        comparison.execute(f"ALTER TABLE documents OWNER TO {KEEPER}")
        comparison.run(comparison.migrate_to(MetaData()).downgrade)
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'documents'"
        assert comparison.connection.exec_driver_sql(owner).scalar_one() == KEEPER


def test_a_renamed_view_keeps_its_owner(run: Run) -> None:
    def named(name: str) -> Declare:
        return lambda metadata: Owner(KEEPER, on=View(name, "SELECT 1 AS one", metadata=metadata))

    assert "Owner(" not in run(declaring(named("a")), declaring(named("b")), found=ROLES).upgrade


def _elsewhere(*items: Any) -> MetaData:
    metadata = MetaData()
    Table("Odd table", metadata, Column("id", Integer, primary_key=True), *items, schema="Odd Schema")
    return metadata


def test_owners_elsewhere_change(run: Run) -> None:
    run(_elsewhere(), _elsewhere(Owner(KEEPER), Grant("select", to=OTHER)), found=ROLES, include_schemas=True)
    run(declaring(), declaring(all_of(_on(Schema("other"), OTHER))), found=ROLES)
