"""Privileges on what is yet to be created, and what they would give that nobody declared."""

import os
from typing import Any

import pytest
from sqlalchemy import URL, MetaData
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each
from tests.support.snapshot import snapshot

from tenantry.ddl import DeclarationError, DefaultGrant, Function, Grant, Role, View

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
READER, WRITER = f"case_reader_{os.getpid()}", f"case Writer {os.getpid()}"
ROLES = f'CREATE ROLE {READER}; CREATE ROLE "{WRITER}"'


def _default(privileges: str, on: str, to: Any, **attributes: Any) -> Declare:
    return lambda metadata: DefaultGrant(privileges, on=on, to=to, **attributes, metadata=metadata)


def _d(privileges: str, on: str, to: Any, **attributes: Any) -> MetaData:
    return declaring(_default(privileges, on, to, **attributes))


DEFAULTS: Pairs = {
    "created": (declaring(), _d("select, insert", "tables", [READER, WRITER])),
    "another privilege": (_d("select", "tables", READER), _d("insert, select", "tables", READER)),
    "another role": (_d("select", "tables", READER), _d("select", "tables", WRITER)),
    "option": (_d("usage", "sequences", READER), _d("usage", "sequences", READER, with_grant_option=True)),
    "in a schema": (_d("select", "tables", READER), _d("select", "tables", READER, in_schema="Odd Schema")),
    "another schema": (
        _d("select", "tables", READER, in_schema="public"),
        _d("select", "tables", READER, in_schema="other"),
    ),
    "of another role": (_d("select", "tables", READER), _d("select", "tables", READER, for_role=WRITER)),
    "schemas": (declaring(), _d("usage, create", "schemas", WRITER)),
    "functions": (_d("execute", "functions", ()), _d("execute", "functions", READER)),
    "types": (_d("usage", "types", READER), _d("usage", "types", WRITER)),
    "several": (
        declaring(_default("select", "tables", READER), _default("execute", "functions", ())),
        declaring(_default("update", "tables", READER), _default("execute", "functions", (), for_role=WRITER)),
    ),
}
FUNCTIONS = {"several", "functions", "types"}


def _kinds(metadata: MetaData) -> None:
    """One of each kind that has privileges."""
    View("v", "SELECT id FROM documents", metadata=metadata)
    View("m", "SELECT id FROM documents", materialized=True, metadata=metadata)
    Function("f", returns="int", body="SELECT 1", schema="other", metadata=metadata)


def _all(*declarations: Declare, to: Any = ()) -> MetaData:
    return documents(*([Grant("select, update", to=to)] if to else []), also=all_of(_kinds, *declarations))


def _everything(to: Any, **attributes: Any) -> Declare:
    return all_of(
        _default("select, insert", "tables", to, **attributes), _default("execute", "functions", to, **attributes)
    )


IN_FORCE: Pairs = {
    "with what is created": (declaring(), _all(_everything([READER]))),
    "before what is created": (declaring(_everything([READER])), _all(_everything([READER]))),
    "with what is granted too": (declaring(_everything([READER])), _all(_everything([READER]), to=[READER])),
    "in the schema": (
        declaring(_everything(READER, in_schema="other"), _everything(WRITER, in_schema="public")),
        _all(_everything(READER, in_schema="other"), _everything(WRITER, in_schema="public")),
    ),
    "what goes is gone before": (declaring(_everything([READER])), _all()),
    "what is dropped comes back closed": (_all(_everything([READER])), declaring(_everything([READER]))),
    "rebuilt": (
        _all(_everything([READER])),
        documents(
            also=all_of(
                _everything([READER]),
                lambda metadata: View("v", "SELECT id::bigint FROM documents", metadata=metadata),
                lambda metadata: View("m", "SELECT 1 AS id", materialized=True, metadata=metadata),
                lambda metadata: Function("f", returns="text", body="SELECT 'x'", schema="other", metadata=metadata),
            )
        ),
    ),
}


@each({name: pair for name, pair in DEFAULTS.items() if name not in FUNCTIONS})
def test_default_privileges_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, found=ROLES)


@each(IN_FORCE)
def test_new_objects_are_as_closed_as_they_are_declared(run: Run, before: MetaData, after: MetaData) -> None:
    open_again = f"ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC; {ROLES}"
    run(before, after, found=open_again)


@each({name: DEFAULTS[name] for name in sorted(FUNCTIONS)})
def test_what_everybody_may_by_default_is_a_default_too(
    shared_database: URL, before: MetaData, after: MetaData
) -> None:
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(before)
        start = snapshot(comparison.connection)
        revision = comparison.migrate_to(after)
        assert comparison.revision(after).is_empty
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection) == start


def test_new_functions_are_closed_to_everybody(shared_database: URL) -> None:
    closed = _d("execute", "functions", ())
    with comparing(shared_database) as comparison:
        comparison.migrate_to(closed)
        comparison.execute("CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        acl = "aclexplode(coalesce(proacl, acldefault('f', proowner)))"
        everybody = f"SELECT EXISTS (SELECT FROM pg_proc, {acl} WHERE proname = 'later' AND grantee = 0)"
        assert comparison.connection.exec_driver_sql(everybody).scalar_one() is False
        assert comparison.revision(closed).is_empty
        assert comparison.revision(declaring()).is_empty, "what was closed stays closed"


def test_no_object_is_open_for_a_moment(shared_database: URL) -> None:
    """Neither what is created nor what a downgrade brings back, and nothing is granted in order to be revoked."""
    everything = _everything([READER])
    with comparing(shared_database) as comparison:
        comparison.execute(ROLES)
        comparison.migrate_to(declaring(everything))
        revision = comparison.migrate_to(_all(everything))
        assert "create(Grant" not in revision.upgrade + revision.downgrade
        back = comparison.migrate_to(declaring(everything))
        assert "create(Grant" not in back.upgrade + back.downgrade
        comparison.run(back.downgrade)
        read = f"SELECT has_table_privilege('{READER}', 'documents', 'select')"
        assert comparison.connection.exec_driver_sql(read).scalar_one() is False


def test_what_others_set_is_left_alone(run: Run) -> None:
    theirs = f'{ROLES}; ALTER DEFAULT PRIVILEGES FOR ROLE {READER} GRANT SELECT ON TABLES TO "{WRITER}"'
    revision = run(declaring(), _d("select", "tables", READER), found=theirs)
    assert WRITER not in revision.upgrade + revision.downgrade


def test_default_privileges_go_with_the_roles_they_name(run: Run) -> None:
    def both(metadata: MetaData) -> None:
        Role(READER, metadata=metadata)
        DefaultGrant("select", on="tables", to=READER, metadata=metadata)

    run(declaring(), declaring(both))


REFUSED = {
    "no such kind": ({"privileges": "select", "on": "views"}, "on of a default grant"),
    "no such privilege": ({"privileges": "select", "on": "functions"}, "on a function names some of execute"),
    "schemas in a schema": ({"privileges": "usage", "on": "schemas", "in_schema": "other"}, "no schema is created"),
}


@pytest.mark.parametrize(("attributes", "reason"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_there_is_no_default_for_is_refused(attributes: Any, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        DefaultGrant(**attributes, to=READER, metadata=MetaData())
