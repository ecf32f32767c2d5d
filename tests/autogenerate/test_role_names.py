"""Roles that a deployment calls otherwise than the declaration does."""

import os
from typing import Any

from sqlalchemy import URL, MetaData
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each

from tenantry.ddl import DefaultGrant, Function, Grant, Owner, Policy, Role, RowSecurity, Schema, View

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
READER, WRITER = f"case_called_reader_{os.getpid()}", f"case Called 50% writer {os.getpid()}"
NAMES = {"reader": READER, "Odd writer": WRITER}
FOUND = f'CREATE ROLE {READER}; CREATE ROLE "{WRITER}"'


def _items(role: str) -> tuple[Any, ...]:
    return (
        RowSecurity(),
        Policy("p", using="true", to=role),
        Grant("select", to=role),
        Grant("update", columns="title", to=role, with_grant_option=True),
    )


def _objects(role: str) -> Declare:
    def declare(metadata: MetaData) -> None:
        view = View("v", "SELECT id FROM documents", metadata=metadata)
        function = Function("f", returns="int", body="SELECT 1", metadata=metadata)
        Grant("select", to=role, on=view)
        Grant("execute", to=role, on=function)
        Grant("usage", to=role, on=Schema("other"), metadata=metadata)
        DefaultGrant("select", on="tables", to=role, metadata=metadata)
        DefaultGrant("update", on="tables", to=role, for_role="Odd writer", metadata=metadata)

    return declare


def _owned(role: str) -> Declare:
    return lambda metadata: Owner(role, on=View("v", "SELECT 1 AS one", metadata=metadata))


def _roles(*names: str, **attributes: Any) -> Declare:
    return all_of(*(lambda metadata, name=name: Role(name, **attributes, metadata=metadata) for name in names))


USED: Pairs = {
    "on a table": (documents(), documents(*_items("reader"))),
    "another role on a table": (documents(*_items("reader")), documents(*_items("Odd writer"))),
    "on everything": (documents(also=_objects("reader")), documents(also=_objects("Odd writer"))),
    "owner": (declaring(_owned("reader")), declaring(_owned("Odd writer"))),
    "owner and grants": (documents(Grant("select", to="reader")), documents(Owner("reader"))),
}

MADE: Pairs = {
    "created": (declaring(), declaring(_roles("reader", "Odd writer"))),
    "altered": (declaring(_roles("reader")), declaring(_roles("reader", login=True, comment="C."))),
    "member": (
        declaring(_roles("reader", "Odd writer")),
        declaring(_roles("reader"), _roles("Odd writer", member_of="reader", settings={"work_mem": "8MB"})),
    ),
    "with all that is theirs": (
        documents(),
        documents(*_items("reader"), also=all_of(_roles("reader", "Odd writer"), _objects("reader"))),
    ),
}


@each(USED)
def test_roles_that_are_there_are_used_under_their_names(run: Run, before: MetaData, after: MetaData) -> None:
    revision = run(before, after, found=FOUND, tenantry_role_names=NAMES)
    assert "case" not in revision.upgrade + revision.downgrade, "a revision keeps the declared names"


@each(MADE)
def test_roles_are_made_under_their_names(run: Run, before: MetaData, after: MetaData) -> None:
    revision = run(before, after, tenantry_role_names=NAMES)
    assert "case" not in revision.upgrade + revision.downgrade, "a revision keeps the declared names"


def test_a_script_has_the_names_of_the_deployment(shared_database: URL) -> None:
    after = documents(*_items("reader"), Owner("Odd writer"), also=all_of(_roles("reader"), _objects("reader")))
    with comparing(shared_database, tenantry_role_names=NAMES) as comparison:
        comparison.execute(f'CREATE ROLE "{WRITER}"')
        revision = comparison.revision(after)
        comparison.execute(comparison.script_of(revision.upgrade))
        assert comparison.revision(after).is_empty


def test_a_revision_runs_where_the_roles_are_called_otherwise(shared_database: URL) -> None:
    after = documents(*_items("reader"), also=_objects("reader"))
    with comparing(shared_database, tenantry_role_names=NAMES) as comparison:
        comparison.execute(FOUND)
        revision = comparison.revision(after)
    others = {"reader": f"case_r_{os.getpid()}", "Odd writer": f"case_w_{os.getpid()}"}
    with comparing(shared_database, tenantry_role_names=others) as comparison:
        comparison.execute("; ".join(f"CREATE ROLE {role}" for role in others.values()))
        comparison.run(revision.upgrade)
        assert comparison.revision(after).is_empty
        comparison.run(revision.downgrade)
        assert comparison.revision(MetaData()).is_empty
