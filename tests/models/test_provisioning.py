"""One call makes a tenant that can be worked in: wholly, once, or not at all."""

import uuid

import pytest
from sqlalchemy import text
from tests.models.conftest import refused
from tests.models.platform import (
    AT_ONCE,
    INSUFFICIENT_PRIVILEGE,
    UNIQUE_VIOLATION,
    Platform,
    at_once,
    platform_at,
    provision,
)

from tenantry.models import DEFAULT_TENANT_ID

platform = pytest.fixture(scope="module")(platform_at)

_PARTS = (
    "tenant_users", "levels", "level_token_policies", "roles", "role_permissions", "user_roles", "subscriptions",
    "tenant_feature_flags",
)  # fmt: skip


def parts(platform: Platform, tenant_id: uuid.UUID) -> dict[str, int]:
    return {
        table: platform.value(f"SELECT count(*) FROM {table} WHERE tenant_id = :tenant", tenant=tenant_id)
        for table in _PARTS
    }


def test_everything_is_there(platform: Platform) -> None:
    tenant = platform.new_tenant(plan="pro", flags='{"single_sign_on": true}')
    template = parts(platform, DEFAULT_TENANT_ID)
    assert parts(platform, tenant.id) == {
        **template, "tenant_users": 1, "user_roles": 1, "subscriptions": 1, "tenant_feature_flags": 2,
    }  # fmt: skip
    assert template["levels"] == template["level_token_policies"] == template["roles"] == 4

    membership = platform.one("SELECT user_id, role FROM tenant_users WHERE tenant_id = :tenant", tenant=tenant.id)
    assert membership == (tenant.owner, "owner")
    assert platform.value("SELECT plan FROM subscriptions WHERE tenant_id = :tenant", tenant=tenant.id) == "pro"
    policies = """
        SELECT array_agg(level.slug || ' ' || policy.priority_weight ORDER BY policy.priority_weight)
        FROM levels AS level
        JOIN level_token_policies AS policy ON (policy.tenant_id, policy.level_id) = (level.tenant_id, level.id)
        WHERE level.tenant_id = :tenant
    """
    assert platform.value(policies, tenant=tenant.id) == ["free 1", "basic 2", "premium 3", "enterprise 4"]
    held = """
        SELECT role.key FROM user_roles AS held
        JOIN roles AS role ON (role.tenant_id, role.id) = (held.tenant_id, held.role_id)
        WHERE held.tenant_id = :tenant AND held.user_id = :owner
    """
    assert platform.value(held, tenant=tenant.id, owner=tenant.owner) == "owner"
    logged = "SELECT target_user_id FROM admin_audit_logs WHERE target_tenant_id = :tenant"
    assert platform.value(logged, tenant=tenant.id) == tenant.owner


def test_what_belongs_to_a_level_is_copied_with_it(platform: Platform) -> None:
    with platform.operating() as connection:
        for statement in (
            """
            INSERT INTO level_features (tenant_id, level_id, feature_name, feature_category, usage_limit)
            SELECT tenant_id, id, 'export', 'reports', 7
            FROM levels WHERE tenant_id = :template AND slug = 'basic'
            """,
            """
            INSERT INTO level_upgrade_paths (tenant_id, from_level_id, to_level_id, discount_percentage)
            SELECT low.tenant_id, low.id, high.id, 10
            FROM levels AS low JOIN levels AS high USING (tenant_id)
            WHERE tenant_id = :template AND low.slug = 'free' AND high.slug = 'basic'
            """,
        ):
            connection.execute(text(statement), {"template": DEFAULT_TENANT_ID})
    tenant = platform.new_tenant()
    feature = """
        SELECT level.slug, feature.usage_limit FROM level_features AS feature
        JOIN levels AS level ON (level.tenant_id, level.id) = (feature.tenant_id, feature.level_id)
        WHERE feature.tenant_id = :tenant
    """
    assert platform.one(feature, tenant=tenant.id) == ("basic", 7)
    path = """
        SELECT low.slug, high.slug, path.discount_percentage FROM level_upgrade_paths AS path
        JOIN levels AS low ON (low.tenant_id, low.id) = (path.tenant_id, path.from_level_id)
        JOIN levels AS high ON (high.tenant_id, high.id) = (path.tenant_id, path.to_level_id)
        WHERE path.tenant_id = :tenant
    """
    assert platform.one(path, tenant=tenant.id) == ("free", "basic", 10)


def test_called_again_it_changes_nothing(platform: Platform) -> None:
    tenant = platform.new_tenant()
    before = parts(platform, tenant.id)
    with platform.operating() as connection:
        assert provision(connection, tenant.slug, tenant.owner, plan="enterprise") == tenant.id
    assert parts(platform, tenant.id) == before
    assert platform.value("SELECT plan FROM tenants WHERE id = :tenant", tenant=tenant.id) == "free"


def test_the_slug_of_another_tenant_is_refused(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(UNIQUE_VIOLATION, "belongs to another tenant"), platform.operating() as connection:
        provision(connection, tenant.slug, platform.new_user())


def test_at_the_same_instant_one_tenant_is_made(platform: Platform) -> None:
    slug, owner = f"t{uuid.uuid4().hex}", platform.new_user()

    def work(_: int) -> uuid.UUID:
        with platform.operating() as connection:
            return provision(connection, slug, owner)

    results = at_once(work)
    assert len(results) == AT_ONCE
    (tenant_id,) = set(results)
    single = platform.new_tenant()
    assert parts(platform, tenant_id) == parts(platform, single.id)


def test_what_fails_leaves_nothing(platform: Platform) -> None:
    slug, owner = f"t{uuid.uuid4().hex}", platform.new_user()
    with refused("23503"), platform.operating() as connection:
        provision(connection, slug, owner, flags='{"no_such_flag": true}')
    assert platform.value("SELECT count(*) FROM tenants WHERE slug = :slug", slug=slug) == 0


def test_requests_provision_nothing(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        provision(connection, "mine", tenant.owner)
