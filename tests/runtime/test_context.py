"""A context is signed, lasts for a transaction, and nobody enters one that he has not been given."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, create_engine, delete, event, func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from tests.models.conftest import World, refused, world

from tenantry.errors import SettingsError
from tenantry.models import Tenant, TenantUser, User, Workflow
from tenantry.models.roles import OWNER, SUPERADMIN
from tenantry.runtime.context import SETTING, ContextKey, configured_key, tenant_context
from tenantry.settings import load_settings

__all__ = ["world"]

WORKFLOWS = select(func.count()).select_from(Workflow)
COUNT = text("SELECT count(*) FROM ai_workflows")


def enter(connection: Connection, token: str) -> None:
    connection.execute(select(func.set_config(SETTING, token, True)))


def forged_tokens(world: World) -> dict[str, str]:
    mine, theirs = world.a.tenant_id, world.b.tenant_id
    user = world.members["owner"]
    token = world.key.token(mine, user)
    version, kid, tenant, person, expiry, mac = token.split(".")
    return {
        "another tenant": token.replace(str(mine), str(theirs)),
        "another user": token.replace(str(user), str(world.b.rows["users"][0]["id"])),
        "a later expiry": ".".join([version, kid, tenant, person, str(int(expiry) + 1), mac]),
        "another key": ContextKey("x" * 32).token(theirs, user),
        "another key under this name": ContextKey("x" * 32).token(theirs, user).replace(ContextKey("x" * 32).kid, kid),
        "an expired token": world.key.token(mine, user, timedelta(seconds=-1)),
        "no signature": token.rpartition(".")[0] + ".",
        "a piece missing": token.rpartition(".")[0],
        "a piece too many": token + ".x",
        "another version": "v2" + token[2:],
        "the bare tenant": str(theirs),
        "SQL": "' OR true --",
    }


@pytest.mark.parametrize("forgery", [
    "another tenant", "another user", "a later expiry", "another key", "another key under this name",
    "an expired token", "no signature", "a piece missing", "a piece too many", "another version",
    "the bare tenant", "SQL",
])  # fmt: skip
def test_a_forged_context_is_refused(world: World, forgery: str) -> None:
    with world.without_context() as connection:
        enter(connection, forged_tokens(world)[forgery])
        with refused("28000"):
            connection.execute(COUNT)


def test_one_statement_does_not_switch_tenants(world: World) -> None:
    """Which is what injected SQL would try."""
    switch = text(f"SELECT count(*) FROM ai_workflows WHERE set_config('{SETTING}', :value, true) IS NOT NULL")
    with world.acting(world.members["owner"]) as connection:
        with refused("28000"), connection.begin_nested():
            connection.execute(switch, {"value": str(world.b.tenant_id)}).all()
            connection.execute(COUNT)
        assert connection.execute(COUNT).scalar_one() == len(world.a.rows["ai_workflows"])


def test_an_empty_context_is_none(world: World) -> None:
    with world.without_context() as connection:
        enter(connection, "")
        assert connection.execute(select(func.get_current_tenant())).scalar_one() is None
        assert connection.execute(COUNT).scalar_one() == 0


def test_who_is_asking(world: World) -> None:
    questions = select(
        func.get_current_tenant(), func.get_current_user_id(), func.get_current_tenant_role(), func.is_superadmin()
    )
    for role, user in world.members.items():
        with world.acting(user) as connection:
            assert connection.execute(questions).one() == (world.a.tenant_id, user, role, False)
    with world.acting(world.b.rows["users"][0]["id"]) as connection:
        assert connection.execute(questions).one()[2] is None


def test_who_left_is_nobody(world: World) -> None:
    with world.superuser.begin() as connection:
        user = world.a.new_member(connection, "owner")
        leave = update(TenantUser).where(TenantUser.user_id == user).values(deactivated_at=func.now())
        connection.execute(leave)
    with world.acting(user) as connection:
        assert connection.execute(select(func.get_current_tenant_role())).scalar_one() is None
        assert connection.execute(delete(Workflow)).rowcount == 0


@pytest.mark.parametrize("length", [32, 63, 64, 65, 200])
def test_keys_of_any_length_sign_alike_in_python_and_sql(world: World, length: int) -> None:
    key = ContextKey("é" + "k" * length)
    with world.superuser.connect() as connection:
        key.install(connection)
        signed = select(func.context_signature(key.kid, "a.b"))
        assert connection.execute(signed).scalar_one() == key._signature("a.b")


def test_a_short_key_is_refused(world: World) -> None:
    with pytest.raises(SettingsError, match="TENANTRY_CONTEXT_KEY"):
        ContextKey("short")
    with world.superuser.connect() as connection, refused("22023"):
        connection.execute(select(func.mask_context_key()))
        connection.execute(select(func.install_context_key("kid", b"short")))


def test_no_key_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANTRY_CONTEXT_KEY", raising=False)
    with pytest.raises(SettingsError, match="TENANTRY_CONTEXT_KEY"):
        configured_key(load_settings())


def test_a_key_shows_nothing_of_itself() -> None:
    assert "kkk" not in repr(ContextKey("k" * 32))


@pytest.mark.parametrize(
    "call",
    [
        "set_tenant('00000000-0000-0000-0000-000000000000')",
        "enable_superadmin_mode('curious')",
        "record_superadmin_use('curious')",
        "superadmin_is_on_record()",
        "install_context_key('kid', decode(repeat('00', 32), 'hex'))",
        "remove_context_key('kid')",
        "expire_context_keys('kid', '0')",
        "mask_context_key()",
        "context_signature('kid', 'claims')",
    ],
)
def test_what_the_application_may_not_call(world: World, call: str) -> None:
    with world.acting(world.members["owner"]) as connection, refused("42501"):
        connection.execute(text(f"SELECT {call}"))


def test_a_policy_verifies_the_context_with_nothing_around_it(world: World) -> None:
    """Inlined, since a function around it costs as much again on PostgreSQL 15."""
    with world.acting(world.members["owner"]) as connection:
        plan = connection.scalars(text("EXPLAIN VERBOSE SELECT FROM ai_workflows")).all()
    assert any("(verified_context())[1]" in line for line in plan)
    assert not any("get_current_tenant" in line for line in plan)


def test_the_application_does_not_become_superadmin(world: World) -> None:
    for statement in (
        f"SET ROLE {SUPERADMIN}",
        f"SET ROLE {OWNER}",
        f"SELECT set_config('role', '{SUPERADMIN}', true)",
    ):
        with world.acting(world.members["owner"]) as connection, refused("42501"):
            connection.execute(text(statement))
    with world.acting(world.members["owner"]) as connection:
        for setting in ("app.is_superadmin", "tenantry.superadmin", "app.current_tenant"):
            connection.execute(select(func.set_config(setting, "true", True)))
        assert connection.execute(select(func.is_superadmin())).scalar_one() is False


def test_the_superadmin_enters_and_leaves_a_tenant(world: World) -> None:
    with world.superadmin.connect() as connection:
        assert connection.execute(select(func.is_superadmin())).scalar_one() is True
        connection.execute(select(func.set_tenant(world.b.tenant_id)))
        assert connection.execute(select(func.get_current_tenant())).scalar_one() == world.b.tenant_id
        connection.execute(text("INSERT INTO ai_workflows (name) VALUES ('for a customer')"))
        query = select(Workflow.tenant_id).where(Workflow.name == "for a customer")
        assert connection.execute(query).scalar_one() == world.b.tenant_id
        connection.execute(select(func.enable_superadmin_mode("a test")))
        assert connection.execute(select(func.get_current_tenant())).scalar_one() is None


def test_the_superadmin_enters_no_tenant_that_is_not_there(world: World) -> None:
    with world.superadmin.connect() as connection, refused("P0002"):
        connection.execute(select(func.set_tenant(uuid.uuid4())))


def test_the_superadmin_reads_no_key(world: World) -> None:
    with world.superadmin.connect() as connection, refused("42501"):
        connection.execute(text("SELECT * FROM context_keys"))


@pytest.fixture
def session(world: World) -> Iterator[Session]:
    with Session(world.application) as made:
        yield made


def test_a_session_enters_it_in_every_transaction(world: World, session: Session) -> None:
    with tenant_context(session, world.a.tenant_id, world.members["owner"], key=world.key):
        for _ in range(2):
            assert session.scalar(WORKFLOWS) == len(world.a.rows["ai_workflows"])
            session.commit()
        with pytest.raises(DBAPIError), session.begin_nested():
            session.execute(text("SELECT 1 / 0"))
        assert session.scalar(WORKFLOWS) == len(world.a.rows["ai_workflows"])
    assert session.scalar(COUNT) == 0


def test_contexts_nest_and_take_nothing_across(world: World, session: Session) -> None:
    theirs = world.b.rows["ai_workflows"][0]["id"]
    with tenant_context(session, world.a.tenant_id, world.members["owner"], key=world.key):
        assert session.get(Workflow, (world.b.tenant_id, theirs)) is None
        with tenant_context(session, world.b.tenant_id, key=world.key):
            assert session.get(Workflow, (world.b.tenant_id, theirs)) is not None
        assert session.get(Workflow, (world.b.tenant_id, theirs)) is None
        assert session.scalar(WORKFLOWS) == len(world.a.rows["ai_workflows"])


def test_an_exception_leaves_the_context_too(world: World, session: Session) -> None:
    def fail(action: Callable[[], object]) -> None:
        with tenant_context(session, world.a.tenant_id, key=world.key):
            session.scalar(WORKFLOWS)
            action()

    with pytest.raises(KeyError):
        fail(lambda: world.members["missing"])
    assert session.scalar(COUNT) == 0
    with pytest.raises(DBAPIError):
        fail(lambda: session.execute(text("SELECT 1 / 0")))
    session.rollback()
    assert session.scalar(COUNT) == 0


def test_nothing_stays_in_a_pooled_connection(world: World) -> None:
    engine = create_engine(world.application.url, pool_size=1, max_overflow=0)
    with Session(engine) as session, tenant_context(session, world.a.tenant_id, key=world.key):
        assert session.scalar(WORKFLOWS) == len(world.a.rows["ai_workflows"])
        session.commit()
    with engine.connect() as connection:
        assert connection.execute(COUNT).scalar_one() == 0
    engine.dispose()


def test_queries_of_models_name_the_tenant(world: World, session: Session) -> None:
    seen: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *given: seen.append(given[2]))
    with tenant_context(session, world.a.tenant_id, world.members["owner"], key=world.key):
        session.scalars(select(Workflow)).all()
        session.execute(update(Workflow).values(usage_count=Workflow.usage_count))
        session.execute(delete(Workflow))
        session.rollback()
    statements = [statement for statement in seen if "ai_workflows" in statement]
    assert len(statements) == 3
    assert all("ai_workflows.tenant_id =" in statement for statement in statements)


def test_new_rows_are_the_tenants(world: World, session: Session) -> None:
    with tenant_context(session, world.a.tenant_id, world.members["owner"], key=world.key):
        workflows = [Workflow(name=f"new {number}") for number in range(3)]
        session.add_all(workflows)
        session.flush()
        assert {workflow.tenant_id for workflow in workflows} == {world.a.tenant_id}
        assert all(workflow.id.version == 7 for workflow in workflows)
        assert all(workflow.nodes == [] for workflow in workflows)
        workflows[0].name = "changed"
        session.flush()
        assert workflows[0].updated_at >= workflows[0].created_at
        session.rollback()


def test_people_are_read_without_their_secrets(world: World, session: Session) -> None:
    with tenant_context(session, world.a.tenant_id, world.members["member"], key=world.key):
        people = session.scalars(select(User)).all()
        assert {person.id for person in people} >= set(world.members.values())
        tenants = session.scalars(select(Tenant)).all()
        assert [tenant.id for tenant in tenants] == [world.a.tenant_id]
        with refused("42501"):
            session.execute(select(User.password_hash))


def test_a_person_signs_up(world: World, session: Session) -> None:
    newcomer = uuid.uuid4()
    with tenant_context(session, None, newcomer, key=world.key):
        session.add(User(id=newcomer, email=f"{newcomer}@example.com", password_hash="a hash"))
        session.flush()
        person = session.get_one(User, newcomer)
        assert (person.is_superadmin, person.is_active) == (False, True)
        with refused("42501"):
            session.execute(update(User).values(is_superadmin=True))
        session.rollback()


def test_an_id_is_a_uuid_of_version_7_in_order(world: World) -> None:
    milliseconds = select(func.floor(func.extract("epoch", func.clock_timestamp()) * 1000))
    with world.superuser.connect() as connection:
        before = connection.execute(milliseconds).scalar_one()
        made = connection.execute(text("SELECT uuid7() FROM generate_series(1, 500)")).scalars()
        ids = [uuid.UUID(str(identifier)) for identifier in made]
        after = connection.execute(milliseconds).scalar_one()
    assert {(identifier.version, identifier.variant) for identifier in ids} == {(7, uuid.RFC_4122)}
    assert len(set(ids)) == len(ids)
    times = [identifier.int >> 64 for identifier in ids]
    assert times == sorted(times)
    assert before <= times[0] >> 16 <= times[-1] >> 16 <= after
