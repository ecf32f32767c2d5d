"""Feature flags: the tenant's override, else its plan, else the default."""

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, Tenancy, insert, platform_at

platform = pytest.fixture(scope="module")(platform_at)


def enabled(connection: Connection, tenant: Tenancy, key: str) -> bool:
    found = connection.execute(text("SELECT is_feature_enabled(:tenant, :key)"), {"tenant": tenant.id, "key": key})
    return bool(found.scalar_one())


@pytest.mark.parametrize(
    ("plan", "key", "expected"),
    [
        ("free", "ai_assistant", True),
        ("free", "onboarding_tour", True),
        ("free", "api_access", False),
        ("starter", "api_access", True),
        ("starter", "advanced_analytics", False),
        ("pro", "advanced_analytics", True),
        ("professional", "advanced_analytics", True),
        ("pro", "single_sign_on", False),
        ("enterprise", "single_sign_on", True),
        ("enterprise", "no_such_flag", False),
    ],
)
def test_a_flag_is_on_from_its_plan_upwards_or_by_default(
    platform: Platform, plan: str, key: str, expected: bool
) -> None:
    tenant = platform.new_tenant(plan=plan)
    with platform.acting(tenant) as connection:
        assert enabled(connection, tenant, key) is expected


@pytest.mark.parametrize(("plan", "key"), [("free", "single_sign_on"), ("free", "ai_assistant")])
def test_an_override_goes_before_plan_and_default(platform: Platform, plan: str, key: str) -> None:
    tenant = platform.new_tenant(plan=plan)
    with platform.acting(tenant) as connection:
        before = enabled(connection, tenant, key)
    with platform.operating() as connection:
        insert(connection, "tenant_feature_flags", tenant_id=tenant.id, flag_key=key, enabled=not before)
    with platform.acting(tenant, platform.new_member(tenant, "viewer")) as connection:
        assert enabled(connection, tenant, key) is not before


def test_nothing_is_told_of_another_tenant(platform: Platform) -> None:
    tenant, other = platform.new_tenant(), platform.new_tenant(plan="enterprise")
    with platform.acting(tenant) as connection:
        assert not enabled(connection, other, "single_sign_on")
        assert not enabled(connection, other, "ai_assistant")


def test_a_tenant_gives_itself_nothing(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        insert(connection, "tenant_feature_flags", flag_key="single_sign_on", enabled=True)
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("UPDATE tenant_feature_flags SET enabled = true"))
