"""Roles and extensions, which may be somebody else's."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, MetaData
from sqlalchemy.exc import DBAPIError
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import Comparison, comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each
from tests.support.databases import administrator, drop_roles, fresh_database
from tests.support.servers import Server
from tests.support.snapshot import snapshot

from tenantry.ddl import DeclarationError, Extension, Function, Grant, Membership, Role

# Roles are the whole cluster's: these belong to this process alone, and are never committed.
SHARED = f"shared_by_databases_{os.getpid()}"
NAME, GROUP, OTHER = f"case_{os.getpid()}", f"case Group {os.getpid()}", f"case_other_{os.getpid()}"


def role(name: str = NAME, **attributes: object) -> Declare:
    return lambda metadata: Role(name, **attributes, metadata=metadata)  # type: ignore[arg-type]


def _member(*groups: str | Membership, name: str = NAME) -> MetaData:
    return declaring(role(name, member_of=groups), role(GROUP), role(OTHER))


HERE = {"work_mem": "16MB", "app.tenant": "it's 5% \\ :x", "search_path": 'other, "$user"'}

ROLES: Pairs = {
    "created": (declaring(), declaring(role())),
    "created with everything": (
        declaring(),
        declaring(role(GROUP), role(login=True, bypass_rls=True, member_of=GROUP, comment="It's 100% :sure \\.")),
    ),
    "login": (declaring(role()), declaring(role(login=True))),
    "bypass": (declaring(role()), declaring(role(bypass_rls=True))),
    "both": (declaring(role(login=True)), declaring(role(bypass_rls=True))),
    "create databases and roles": (declaring(role(create_db=True)), declaring(role(create_role=True))),
    "inherit": (declaring(role()), declaring(role(inherit=False))),
    "replication": (declaring(role()), declaring(role(replication=True))),
    "connection limit": (declaring(role(connection_limit=3)), declaring(role(connection_limit=0))),
    "connection limit removed": (declaring(role(connection_limit=3)), declaring(role())),
    "settings": (
        declaring(role(settings={"work_mem": "8MB", "TimeZone": "UTC"})),
        declaring(role(settings={"work_mem": "16MB", "app.tenant": "it's 5% \\ :x", "search_path": 'other, "$user"'})),
    ),
    "settings of the database": (
        declaring(role(database_settings={"work_mem": "8MB", "TimeZone": "UTC"})),
        declaring(role(database_settings=HERE)),
    ),
    "settings of the database created": (declaring(), declaring(role(database_settings=HERE))),
    "settings here and everywhere": (
        declaring(role(settings={"work_mem": "8MB"}, database_settings={"work_mem": "9MB"})),
        declaring(role(settings={"work_mem": "9MB"})),
    ),
    "everything at once": (
        declaring(role(), role(GROUP)),
        declaring(role(GROUP), role(login=True, settings={"role": "none"}, member_of=GROUP, comment="C.")),
    ),
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
    "administers": (_member(GROUP), _member(Membership(GROUP, admin=True))),
    "member and administers": (_member(), _member(Membership(GROUP, admin=True), OTHER)),
    "inherits no longer, as a member": (
        declaring(role(member_of=GROUP), role(GROUP)),
        declaring(role(member_of=GROUP, inherit=False), role(GROUP)),
    ),
    "groups that come later in the alphabet": (
        declaring(),
        declaring(role(f"case_a_{os.getpid()}", member_of=f"case_z_{os.getpid()}"), role(f"case_z_{os.getpid()}")),
    ),
}


@each(ROLES)
def test_roles_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


OPTIONS: Pairs = {
    "inherit": (_member(GROUP), _member(Membership(GROUP, inherit=False))),
    "set": (_member(GROUP), _member(Membership(GROUP, set=False))),
    "all": (
        _member(Membership(GROUP, admin=True, set=False)),
        _member(Membership(GROUP, inherit=False), Membership(OTHER, admin=True, inherit=False, set=False)),
    ),
    "inherits where the role does not": (
        declaring(role(member_of=[Membership(GROUP, inherit=True)], inherit=False), role(GROUP)),
        declaring(role(member_of=[Membership(GROUP, inherit=True)]), role(GROUP)),
    ),
}


@each(OPTIONS)
def test_memberships_change(run: Run, server: Server, before: MetaData, after: MetaData) -> None:
    if server.major < 16:
        with pytest.raises(DeclarationError, match="only PostgreSQL 16 and later have it"):
            run(before, after)
    else:
        run(before, after)


SAME_ROLES: Pairs = {
    "settings": (
        declaring(role(settings={"TimeZone": "UTC", "search_path": "app , public"})),
        declaring(role(settings={"timezone": "UTC", "search_path": '"app", public'})),
    ),
}


@each(SAME_ROLES)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


@pytest.fixture
def other_database(server: Server) -> Iterator[URL]:
    """Another one of the same cluster, which uses a role that really exists."""
    with administrator(server) as connection:
        connection.exec_driver_sql(f"CREATE ROLE {SHARED} NOLOGIN")
    with fresh_database(server) as url:
        with comparing(url) as comparison:
            comparison.execute(f"CREATE TABLE used (id int); GRANT SELECT ON used TO {SHARED}")
            comparison.connection.commit()
        yield url
    drop_roles(server, SHARED)


@pytest.mark.usefixtures("other_database")
def test_settings_of_the_database_are_nothing_to_another_one(shared_database: URL) -> None:
    ours = declaring(role(SHARED, database_settings={"work_mem": "8MB"}))
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declaring(role(OTHER)))
        comparison.execute(f"INSERT INTO tenantry_ledger VALUES ('role', '{SHARED}')")
        comparison.migrate_to(ours)
        assert comparison.revision(ours).is_empty
        comparison.migrate_to(MetaData())
        left = "SELECT count(*) FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole WHERE r.rolname = %s"
        assert comparison.connection.exec_driver_sql(left, (SHARED,)).scalar_one() == 0


def test_a_role_with_settings_in_another_database_is_used_there(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declaring(role()))
        comparison.execute(f"ALTER ROLE {NAME} IN DATABASE template1 SET work_mem TO '8MB'")
        comparison.migrate_to(MetaData())
        there = f"SELECT count(*) FROM pg_roles WHERE rolname = '{NAME}'"
        assert comparison.connection.exec_driver_sql(there).scalar_one() == 1


@pytest.mark.usefixtures("other_database")
def test_what_another_database_uses_is_neither_altered_nor_dropped(shared_database: URL) -> None:
    by_hand = f"run this yourself and upgrade again: ALTER ROLE {SHARED} LOGIN"
    altered = declaring(role(OTHER), role(SHARED, login=True))
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declaring(role(OTHER)))
        comparison.execute(f"INSERT INTO tenantry_ledger VALUES ('role', '{SHARED}')")
        revision = comparison.revision(altered)
        savepoint = comparison.connection.begin_nested()
        with pytest.raises(DBAPIError, match="is used by another database of the cluster") as refused:
            comparison.run(revision.upgrade)
        assert by_hand in str(refused.value)
        savepoint.rollback()
        comparison.execute(f"ALTER ROLE {SHARED} LOGIN")
        comparison.run(revision.upgrade)
        assert comparison.revision(altered).is_empty
        comparison.migrate_to(MetaData())
        there = f"SELECT count(*) FROM pg_roles WHERE rolname = '{SHARED}'"
        assert comparison.connection.exec_driver_sql(there).scalar_one() == 1


def test_what_somebody_else_made_is_not_altered_by_a_revision_either(shared_database: URL) -> None:
    """The revision was made where the role was ours."""
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declaring(role()))
        revision = comparison.revision(declaring(role(login=True, member_of="pg_monitor")))
    with comparing(shared_database) as comparison:
        comparison.execute(f"CREATE ROLE {NAME}")
        comparison.migrate_to(declaring(role()))
        start = snapshot(comparison.connection)
        comparison.run(revision.upgrade)
        assert snapshot(comparison.connection) == start


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


def _trigrams(**attributes: str) -> MetaData:
    return declaring(lambda metadata: Extension("pg_trgm", **attributes, metadata=metadata))


def _version(comparison: Comparison) -> str:
    installed = "SELECT extversion FROM pg_extension WHERE extname = 'pg_trgm'"
    return str(comparison.connection.exec_driver_sql(installed).scalar_one())


@pytest.mark.parametrize("before", ["1.3", "1.5"])
def test_an_older_extension_is_updated(shared_database: URL, before: str) -> None:
    """It stays newer on the way back: there is no path to an older version."""
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_trigrams())
        comparison.execute(f"DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm VERSION '{before}'")
        assert comparison.revision(_trigrams(version="1.3")).is_empty
        revision = comparison.migrate_to(_trigrams(version="1.6"))
        assert _version(comparison) == "1.6"
        assert comparison.revision(_trigrams(version="1.5")).is_empty
        comparison.run(revision.downgrade)
        assert _version(comparison) == "1.6"


def test_what_others_installed_too_old_is_theirs_to_update(shared_database: URL) -> None:
    declared = _trigrams(version="1.6")
    with comparing(shared_database) as comparison:
        comparison.execute("CREATE EXTENSION pg_trgm VERSION '1.3'")
        revision = comparison.revision(declared)
        with pytest.raises(DBAPIError, match="and migrations did not install it"):
            comparison.run(revision.upgrade)


def test_an_extension_has_the_comment_that_is_declared(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_trigrams())
        start = snapshot(comparison.connection)
        assert comparison.revision(_trigrams()).is_empty
        revision = comparison.migrate_to(_trigrams(comment="It's for search."))
        assert comparison.revision(_trigrams(comment="It's for search.")).is_empty
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection) == start


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
