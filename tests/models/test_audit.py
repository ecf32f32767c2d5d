"""The audit logs: who acted is what the context says, and what is written stays."""

import pytest
from sqlalchemy import text
from tests.models.conftest import refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, insert, platform_at

platform = pytest.fixture(scope="module")(platform_at)

WRITE = text("SELECT write_audit_log('report.opened', 'reports', '7', '{\"page\": 1}', '192.0.2.1', 'test')")


@pytest.mark.parametrize("role", ["owner", "member", "viewer"])
def test_every_member_leaves_a_trace_that_admins_read(platform: Platform, role: str) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant, role, email=f"{role}-{tenant.slug}@example.com")
    with platform.acting(tenant, user) as connection:
        entry = connection.execute(WRITE).scalar_one()
        seen = connection.execute(text("SELECT count(*) FROM audit_logs")).scalar_one()
        assert bool(seen) == (role == "owner")
    with platform.acting(tenant) as connection:
        found = connection.execute(
            text("SELECT user_id, user_email, is_superadmin_action, host(ip_address) FROM audit_logs WHERE id = :id"),
            {"id": entry},
        ).one()
    assert found == (user, f"{role}-{tenant.slug}@example.com", False, "192.0.2.1")


def test_the_superadmin_acts_in_no_members_name(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        entry = connection.execute(WRITE).scalar_one()
    found = platform.one("SELECT user_id, is_superadmin_action, tenant_id FROM audit_logs WHERE id = :id", id=entry)
    assert found == (None, True, tenant.id)


def test_who_is_no_member_leaves_none(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant, platform.new_user()) as connection:
        connection.execute(WRITE)
    with refused("28000"), platform.application.begin() as connection:
        connection.execute(WRITE)


@pytest.mark.parametrize("table", ["audit_logs", "admin_audit_logs", "logs_human", "worker_event_logs"])
def test_nobody_changes_what_is_written(platform: Platform, table: str) -> None:
    for engine in (platform.application, platform.superadmin, platform.superuser):
        for statement in (f"UPDATE {table} SET created_at = now()", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with refused(INSUFFICIENT_PRIVILEGE), engine.begin() as connection:
                connection.execute(text(statement))


def test_nobody_writes_the_log_by_hand(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        insert(connection, "audit_logs", action="nothing")
    with refused(INSUFFICIENT_PRIVILEGE), platform.operating() as connection:
        insert(connection, "admin_audit_logs", login="nobody", action="nothing")


def test_what_operators_do_is_logged_with_their_login(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating() as connection:
        entry = connection.execute(
            text("SELECT write_admin_audit_log('tenant.opened', :tenant)"), {"tenant": tenant.id}
        ).scalar_one()
        login = connection.execute(text("SELECT session_user::text")).scalar_one()
    found = platform.one("SELECT login, target_tenant_id FROM admin_audit_logs WHERE id = :id", id=entry)
    assert found == (login, tenant.id)
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("SELECT write_admin_audit_log('nothing')"))
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("SELECT * FROM admin_audit_logs"))
