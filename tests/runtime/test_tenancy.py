"""Sessions of tenants: each sees its own, whatever became of the connection before."""

import itertools
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy
from pydantic import SecretStr
from sqlalchemy import URL, Engine, NullPool, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from tests.models.conftest import PASSWORD, World, refused, world
from tests.support.databases import settings_for

from tenantry import Tenancy, acting_for
from tenantry.models import AdminAuditLog, Workflow
from tenantry.models.roles import APPLICATION, OWNER, SUPERADMIN
from tenantry.runtime.logins import LoginRefusedError

__all__ = ["world"]

WORKFLOWS = select(func.count()).select_from(Workflow)
EVERYTHING = text("SELECT count(*) FROM ai_workflows")
ROLE = text("SELECT current_user")


@pytest.fixture
def tenancy(world: World) -> Iterator[Tenancy]:
    made = tenancy_of(world.application.url, world)
    yield made
    made.engine.dispose()


def tenancy_of(url: URL, world: World) -> Tenancy:
    engine = sqlalchemy.create_engine(url, pool_size=1, max_overflow=0)
    return Tenancy(engine, settings=settings_for(url), key=world.key)


def test_a_session_is_one_tenants_in_every_transaction(world: World, tenancy: Tenancy) -> None:
    with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
        for end in (session.commit, session.rollback, session.commit):
            assert session.scalar(EVERYTHING) == len(world.a.rows["ai_workflows"])
            assert session.scalar(ROLE) == APPLICATION
            end()
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text("SELECT 1 / 0"))
        assert session.scalar(EVERYTHING) == len(world.a.rows["ai_workflows"])
    with tenancy.session(world.b.tenant_id) as session:
        assert session.scalar(EVERYTHING) == len(world.b.rows["ai_workflows"])


def test_the_given_settings_sign(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not those of the environment, whose key the database does not know."""
    monkeypatch.setenv("TENANTRY_CONTEXT_KEY", "another key, as long as it has to be")
    known = {"context_key": SecretStr(world.key._secret.decode())}
    engine = sqlalchemy.create_engine(world.application.url, poolclass=NullPool)
    given = Tenancy(engine, settings=settings_for(world.application.url).model_copy(update=known))
    with given.session(tenant=world.a.tenant_id) as session:
        assert session.scalar(WORKFLOWS)
    with Tenancy(engine).session(tenant=world.a.tenant_id) as session, refused("28000", "not signed with a known key"):
        session.scalar(WORKFLOWS)


def test_an_id_is_enough_within_a_tenant(world: World, tenancy: Tenancy) -> None:
    mine, theirs = (household.rows["ai_workflows"][0]["id"] for household in (world.a, world.b))
    with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
        found = session.get(Workflow, mine)
        assert found is session.get(Workflow, (world.a.tenant_id, mine))
        assert found is not None
        assert session.get(Workflow, theirs) is None
        assert session.get(Workflow, (world.b.tenant_id, theirs)) is None


def test_without_a_context_there_is_nothing(tenancy: Tenancy) -> None:
    with tenancy.session() as session:
        assert session.scalar(EVERYTHING) == 0
        session.add(Workflow(name="nobody's"))
        with pytest.raises(DBAPIError):
            session.flush()


def test_a_middleware_says_once_for_whom_it_acts(world: World, tenancy: Tenancy) -> None:
    with acting_for(world.a.tenant_id, world.members["owner"]):
        with tenancy.session() as session:
            assert session.scalar(WORKFLOWS) == len(world.a.rows["ai_workflows"])
        with tenancy.session(world.b.tenant_id) as session:
            assert session.scalar(select(func.get_current_tenant())) == world.b.tenant_id
    with tenancy.session() as session:
        assert session.scalar(EVERYTHING) == 0


def test_begin_commits_or_rolls_back(world: World, tenancy: Tenancy) -> None:
    name = f"kept {uuid.uuid4()}"
    owner = world.members["owner"]
    with tenancy.begin(world.a.tenant_id, owner) as session:
        session.add(Workflow(name=name))
    with pytest.raises(DBAPIError), tenancy.begin(world.a.tenant_id, owner) as session:
        session.add_all([Workflow(name=f"not {name}"), Workflow(tenant_id=world.b.tenant_id, name=f"not {name}")])
    with tenancy.begin(world.a.tenant_id, owner) as session:
        kept = session.scalars(select(Workflow).where(Workflow.name.contains(name))).all()
        assert [workflow.name for workflow in kept] == [name]
        session.delete(kept[0])


def test_the_superadmin_is_on_record_before_he_sees_anything(world: World) -> None:
    tenancy = tenancy_of(world.superadmin.url, world)
    reason = f"ticket {uuid.uuid4()}"
    with tenancy.superadmin(reason=reason, tenant=world.b.tenant_id) as session:
        entries = select(AdminAuditLog).where(AdminAuditLog.details["reason"].astext == reason)
        with world.superuser.connect() as connection:
            entry = connection.execute(entries).one()
        assert (entry.target_tenant_id, entry.login) == (world.b.tenant_id, world.superadmin.url.username)
        workflows = len(world.a.rows["ai_workflows"]) + len(world.b.rows["ai_workflows"])
        assert session.scalar(EVERYTHING) == workflows
        assert session.scalar(ROLE) == SUPERADMIN
        session.rollback()
    with pytest.raises(ValueError, match="say why"), tenancy.superadmin(reason=" "):
        pass
    tenancy.engine.dispose()


def test_an_applications_login_is_no_superadmin(tenancy: Tenancy) -> None:
    with pytest.raises(LoginRefusedError, match=f"is no member of {SUPERADMIN}"), tenancy.superadmin(reason="none"):
        pass


UNFORCED = (
    "CREATE TABLE of_LOGIN (); ALTER TABLE of_LOGIN ENABLE ROW LEVEL SECURITY; ALTER TABLE of_LOGIN OWNER TO LOGIN"
)
REFUSED = {
    "a superuser": ("SUPERUSER", "", "is a superuser, whom row security does not bind"),
    "one that bypasses": ("BYPASSRLS", f"GRANT {APPLICATION} TO LOGIN", "has BYPASSRLS"),
    "a stranger": ("", "", f"is no member of {APPLICATION}"),
    "a member of two": ("", f"GRANT {APPLICATION}, {SUPERADMIN} TO LOGIN", f"is a member of {SUPERADMIN} as well"),
    "an owner": ("", f"GRANT {APPLICATION}, {OWNER} TO LOGIN", f"is a member of {OWNER} as well"),
    "one whom row security does not bind": (
        "",
        f"GRANT {APPLICATION} TO LOGIN; {UNFORCED}",
        "without FORCE ROW LEVEL SECURITY",
    ),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_login_that_row_security_does_not_bind_is_refused(migrated_database: URL, world: World, case: str) -> None:
    attributes, prepared, reason = REFUSED[case]
    with login(migrated_database, attributes, prepared) as url:
        tenancy = tenancy_of(url, world)
        with tenancy.session(world.a.tenant_id) as session, pytest.raises(LoginRefusedError, match=reason):
            session.scalar(EVERYTHING)
        tenancy.engine.dispose()


@contextmanager
def login(database: URL, attributes: str, prepared: str) -> Iterator[URL]:
    name = f"login_{uuid.uuid4().hex}"
    owner = sqlalchemy.create_engine(database, poolclass=NullPool)
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {attributes}")
        connection.exec_driver_sql(prepared.replace("LOGIN", name), execution_options={"no_parameters": True})
    try:
        yield database.set(username=name, password=PASSWORD)
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


TRACES = {
    "a setting": (
        "SELECT set_config('app.note', 'theirs', false)",
        "SELECT current_setting('app.note', true)",
        ("", None),
    ),
    "an advisory lock": (
        "SELECT pg_advisory_lock(42)",
        (
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        ),
        (0,),
    ),
    "a cursor": (
        "DECLARE c CURSOR WITH HOLD FOR SELECT name FROM ai_workflows",
        "SELECT count(*) FROM pg_cursors",
        (0,),
    ),
    "a channel": ("LISTEN theirs", "SELECT count(*) FROM pg_listening_channels()", (0,)),
    "a token": (
        "SELECT set_config('tenantry.context', current_setting('tenantry.context'), false)",
        "SELECT get_current_tenant()",
        (None,),
    ),
    "a role": (f"SET ROLE {APPLICATION}", "SELECT current_user = session_user", (True,)),
}


@pytest.mark.parametrize("trace", list(TRACES))
def test_nothing_of_a_session_stays_in_its_connection(world: World, tenancy: Tenancy, trace: str) -> None:
    left, found, clean = TRACES[trace]
    with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
        session.execute(text(left))
        session.commit()
    with tenancy.engine.connect() as connection:
        assert connection.scalar(text(found)) in clean


def test_a_context_costs_no_round_trip(world: World, tenancy: Tenancy) -> None:
    def within_a_tenant() -> None:
        with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
            session.scalar(EVERYTHING)
            session.commit()

    def without() -> None:
        with Session(tenancy.engine) as session:
            session.scalar(EVERYTHING)
            session.commit()

    within_a_tenant()  # the first time the login is looked at
    assert round_trips(tenancy.engine, within_a_tenant) == round_trips(tenancy.engine, without)


def round_trips(engine: Engine, work: Callable[[], None]) -> int:
    """How often the client began to wait for the server, from what libpq says of its messages."""
    with tempfile.TemporaryFile("w+") as trace:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
        driver.pgconn.trace(trace.fileno())
        work()
        driver.pgconn.untrace()
        trace.seek(0)
        directions = [line.split("\t")[1] for line in trace if line.count("\t") > 1]
    return sum(before == "F" and after == "B" for before, after in itertools.pairwise(directions))
