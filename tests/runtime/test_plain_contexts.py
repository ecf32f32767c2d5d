"""Contexts of a deployment that does not sign them."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import World, own_world
from tests.support.commands import Project
from tests.support.databases import run_script, settings_for

from tenantry import Tenancy
from tenantry.models import Workflow
from tenantry.runtime.context import PLAIN_TENANT, tenant_context
from tenantry.settings import Settings

__all__ = ["own_world"]

PLAIN = {"TENANTRY_CONTEXT": "plain"}
TENANTS = text("SELECT array_agg(DISTINCT tenant_id) FROM ai_workflows")


def plain_settings(url: URL) -> Settings:
    return settings_for(url).model_copy(update={"context": "plain"})


@pytest.fixture
def plain_world(own_world: World, project: Project) -> World:
    """One whose deployment has gone over to plain contexts."""
    upgraded(project, own_world, **PLAIN)
    return own_world


def upgraded(project: Project, world: World, **environment: str) -> None:
    project.use(world.superuser.url)
    project.run("tenantry", "upgrade", **environment).succeeded()


@contextmanager
def requesting(world: World, **settings: object) -> Iterator[Connection]:
    with world.without_context() as connection:
        for name, value in settings.items():
            connection.execute(
                text("SELECT set_config(:name, :value, true)"), {"name": f"tenantry.{name}", "value": str(value)}
            )
        yield connection


def test_a_session_is_one_tenants(plain_world: World) -> None:
    url = plain_world.application.url
    tenancy = Tenancy(plain_world.application, settings=plain_settings(url))
    with tenancy.session(plain_world.a.tenant_id, plain_world.members["owner"]) as session:
        for end in (session.commit, session.rollback, session.commit):
            assert session.scalar(TENANTS) == [plain_world.a.tenant_id]
            session.add(Workflow(name="Ours"))
            session.flush()
            end()
        assert session.get(Workflow, plain_world.b.rows["ai_workflows"][0]["id"]) is None
    with tenancy.session() as session:
        assert session.scalar(TENANTS) is None
    with tenancy.session(plain_world.a.tenant_id, plain_world.members["viewer"]) as session:
        session.add(Workflow(name="Not allowed"))
        with pytest.raises(DBAPIError, match="row-level security"):
            session.flush()


def test_whoever_runs_sql_says_which_tenant(plain_world: World) -> None:
    """That is what plain means; what is empty or malformed is nobody all the same."""
    tenant = plain_world.a.tenant_id
    with requesting(plain_world, tenant=tenant, user=plain_world.members["owner"]) as connection:
        assert connection.scalar(TENANTS) == [tenant]
        assert connection.scalar(text("SELECT get_current_tenant_id()")) == tenant
        assert connection.scalar(text("SELECT get_current_tenant_role()")) == "owner"
    with plain_world.without_context() as connection:
        connection.execute(text("SELECT set_tenant(:tenant)"), {"tenant": tenant})
        assert connection.scalar(TENANTS) == [tenant]
    with requesting(plain_world, tenant="") as connection:
        assert connection.scalar(TENANTS) is None
    with requesting(plain_world, tenant="everybody") as connection, pytest.raises(DBAPIError, match="uuid"):
        connection.scalar(TENANTS)
    with requesting(plain_world, tenant=uuid.uuid4()) as connection:
        assert connection.scalar(TENANTS) is None


def test_the_superadmin_is_a_role_and_on_record_all_the_same(plain_world: World) -> None:
    with requesting(plain_world, superadmin=uuid.uuid4()) as connection:
        assert not connection.scalar(text("SELECT is_superadmin()"))
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text("SELECT enable_superadmin_mode('because')"))
    office = Tenancy(plain_world.superadmin, settings=plain_settings(plain_world.superadmin.url))
    with office.superadmin(reason="a test") as session:
        assert len(session.scalar(TENANTS)) == 2
        session.execute(text("SELECT set_tenant(:tenant)"), {"tenant": plain_world.b.tenant_id})
        assert session.scalar(text("SELECT get_current_tenant()")) == plain_world.b.tenant_id
        session.commit()
    with plain_world.undone() as connection:
        actions = connection.scalars(text("SELECT action FROM admin_audit_logs WHERE details ->> 'reason' = 'a test'"))
        assert actions.all() == ["enable_superadmin_mode"]
        entered = text(
            "SELECT count(*) FROM admin_audit_logs WHERE action = 'set_tenant' AND target_tenant_id = :tenant"
        )
        assert connection.scalar(entered, {"tenant": plain_world.b.tenant_id}) == 1


def test_a_block_ends_where_it_began(plain_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tenantry.runtime.context.configured_settings", lambda: plain_settings(plain_world.superuser.url)
    )
    shown = text("SELECT current_setting('tenantry.tenant', true), current_setting('tenantry.user', true)")
    with plain_world.without_context() as connection:
        with tenant_context(connection, plain_world.a.tenant_id, plain_world.members["owner"]):
            assert connection.scalar(TENANTS) == [plain_world.a.tenant_id]
            with tenant_context(connection, plain_world.b.tenant_id):
                assert connection.scalar(TENANTS) == [plain_world.b.tenant_id]
            assert connection.scalar(TENANTS) == [plain_world.a.tenant_id]
        assert connection.execute(shown).one() == ("", "")


def test_what_is_signed_is_not_plain_and_what_is_plain_is_not_signed(own_world: World, project: Project) -> None:
    plain = {"tenant": own_world.a.tenant_id, "user": own_world.members["owner"]}
    token = own_world.key.token(own_world.a.tenant_id, own_world.members["owner"])
    with requesting(own_world, **plain) as connection:
        assert connection.scalar(TENANTS) is None
        with pytest.raises(DBAPIError, match="only a superadmin"):
            connection.execute(text("SELECT set_tenant(:tenant)"), plain)

    upgraded(project, own_world, **PLAIN)
    with requesting(own_world, **plain) as connection:
        assert connection.scalar(TENANTS) == [own_world.a.tenant_id]
    with requesting(own_world, context=token) as connection:
        assert connection.scalar(TENANTS) is None

    upgraded(project, own_world)
    with requesting(own_world, **plain) as connection:
        assert connection.scalar(TENANTS) is None
    with requesting(own_world, context=token) as connection:
        assert connection.scalar(TENANTS) == [own_world.a.tenant_id]


def test_a_plan_made_before_does_not_outlast_the_choice(own_world: World, project: Project) -> None:
    with own_world.application.connect() as connection:
        connection.exec_driver_sql("PREPARE seen AS SELECT array_agg(DISTINCT tenant_id) FROM ai_workflows")
        connection.execute(
            text(f"SELECT set_config('{PLAIN_TENANT}', :tenant, false)"), {"tenant": str(own_world.a.tenant_id)}
        )
        for _ in range(7):
            assert connection.exec_driver_sql("EXECUTE seen").scalar_one() is None
        connection.commit()
        upgraded(project, own_world, **PLAIN)
        assert connection.exec_driver_sql("EXECUTE seen").scalar_one() == [own_world.a.tenant_id]
        connection.commit()
        upgraded(project, own_world)
        assert connection.exec_driver_sql("EXECUTE seen").scalar_one() is None


def test_the_choice_is_no_difference_and_another_one_is(migrated_database: URL, project: Project) -> None:
    project.use(migrated_database)
    assert "contexts_are_plain" in project.run("tenantry", "check", **PLAIN).err
    project.run("tenantry", "upgrade", **PLAIN).succeeded()
    project.run("tenantry", "check", **PLAIN).succeeded()
    assert "contexts_are_plain" in project.run("tenantry", "check").err
    project.run("tenantry", "downgrade", "0039", **PLAIN).succeeded()
    project.run("tenantry", "upgrade", **PLAIN).succeeded()
    project.run("tenantry", "check", **PLAIN).succeeded()


def test_a_script_makes_the_same_choice(database: URL, project: Project) -> None:
    project.use(database)
    script = project.run("tenantry", "upgrade", "--sql", **PLAIN).succeeded()
    run_script(database, script)
    project.run("tenantry", "check", **PLAIN).succeeded()


def test_push_makes_the_same_choice(database: URL, project: Project) -> None:
    project.use(database)
    project.run("tenantry", "push", **PLAIN).succeeded()
    project.run("tenantry", "push", **PLAIN).succeeded()
    again = project.run("tenantry", "push", **PLAIN)
    assert "0 changes made" in again.err
