"""Roles and extensions, which may be somebody else's."""

import os

from sqlalchemy import URL, MetaData
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each
from tests.support.snapshot import snapshot

from tenantry.ddl import Extension, Function, Grant, Role

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
NAME, GROUP, OTHER = f"case_{os.getpid()}", f"case Group {os.getpid()}", f"case_other_{os.getpid()}"


def role(name: str = NAME, **attributes: object) -> Declare:
    return lambda metadata: Role(name, **attributes, metadata=metadata)  # type: ignore[arg-type]


def _member(*groups: str, name: str = NAME) -> MetaData:
    return declaring(role(name, member_of=groups), role(GROUP), role(OTHER))


ROLES: Pairs = {
    "created": (declaring(), declaring(role())),
    "created with everything": (
        declaring(),
        declaring(role(GROUP), role(login=True, bypass_rls=True, member_of=GROUP, comment="It's 100% :sure \\.")),
    ),
    "login": (declaring(role()), declaring(role(login=True))),
    "bypass": (declaring(role()), declaring(role(bypass_rls=True))),
    "both": (declaring(role(login=True)), declaring(role(bypass_rls=True))),
    "comment added": (declaring(role()), declaring(role(comment="C."))),
    "comment changed": (declaring(role(comment="Old.")), declaring(role(comment="New."))),
    "quoted": (declaring(role(GROUP)), declaring(role(GROUP, login=True, comment="C."))),
    "member": (_member(), _member(GROUP)),
    "member of others": (_member(GROUP), _member(OTHER, "pg_monitor")),
    "member of two": (_member(GROUP, OTHER), _member(OTHER)),
    "group dropped with its membership": (
        declaring(role(GROUP), role(member_of=GROUP)),
        declaring(role()),
    ),
    "groups that come later in the alphabet": (
        declaring(),
        declaring(role(f"case_a_{os.getpid()}", member_of=f"case_z_{os.getpid()}"), role(f"case_z_{os.getpid()}")),
    ),
}


@each(ROLES)
def test_roles_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def citext(metadata: MetaData) -> None:
    Extension("citext", metadata=metadata)


def _lower(metadata: MetaData) -> None:
    Function("a_function", arguments="t citext", returns="citext", body="SELECT $1", metadata=metadata)


EXTENSIONS: Pairs = {
    "created": (declaring(), declaring(citext)),
    "in a schema": (declaring(), declaring(lambda metadata: Extension("citext", schema="other", metadata=metadata))),
    "to another schema": (
        declaring(lambda metadata: Extension("citext", schema="public", metadata=metadata)),
        declaring(lambda metadata: Extension("citext", schema="Odd Schema", metadata=metadata)),
    ),
    "with a function that uses it": (declaring(), declaring(citext, _lower)),
}


@each(EXTENSIONS)
def test_extensions_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def test_objects_of_extensions_never_appear(run: Run) -> None:
    revision = run(declaring(citext), declaring(), tenantry_claimed_schemas={"public"})
    assert "Function(" not in revision.upgrade + revision.downgrade


def test_what_others_made_is_used_as_it_is_and_never_dropped(shared_database: URL) -> None:
    theirs = f"CREATE ROLE {NAME} LOGIN BYPASSRLS; CREATE EXTENSION citext SCHEMA other"
    ours = documents(Grant("select", to=NAME), also=all_of(role(comment="Ours."), citext))
    with comparing(shared_database) as comparison:
        comparison.execute(theirs)
        start = snapshot(comparison.connection)
        comparison.migrate_to(ours)
        assert comparison.revision(ours).is_empty
        comparison.migrate_to(MetaData())
        assert snapshot(comparison.connection) == start


def test_passwords_never_stand_in_a_revision(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declaring(role()))
        comparison.execute(f"ALTER ROLE {NAME} PASSWORD 'secret'")
        revision = comparison.revision(MetaData())
        assert NAME in revision.upgrade
        assert "password" not in (revision.upgrade + revision.downgrade).lower()
