"""What an application asks before there is a context, and what nobody gets to know by asking."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text, update
from tests.models.conftest import World, new_world, refused
from tests.support.servers import Server

from tenantry import Tenancy
from tenantry.models import ApiKey, Tenant, TenantUser, User
from tenantry.runtime.context import ContextKey
from tenantry.runtime.lookups import Client, Login, Membership, find_api_key, find_login, my_tenants


@pytest.fixture(scope="module")
def world(server: Server, migrated_template: str) -> Iterator[World]:
    """One of the module's own, for what is committed."""
    with new_world(server, migrated_template) as made:
        yield made


@pytest.fixture
def tenancy(world: World) -> Tenancy:
    return Tenancy(world.application, key=world.key)


def person(world: World, **columns: Any) -> tuple[uuid.UUID, str]:
    email = f"{uuid.uuid4().hex}.Örtlich@example.com"
    with world.superuser.begin() as connection:
        values = {"email": email, "password_hash": f"argon2 {email}", **columns}
        user = connection.scalar(insert(User).values(values).returning(User.id))
    assert user is not None
    return user, email


def key_of(world: World, user: uuid.UUID | None = None, **columns: Any) -> str:
    secret = uuid.uuid4().hex
    values = {
        "tenant_id": world.a.tenant_id,
        "user_id": user,
        "key_hash": hashlib.sha256(secret.encode()).hexdigest(),
        "key_prefix": secret[:4],
        **columns,
    }
    with world.superuser.begin() as connection:
        connection.execute(insert(ApiKey).values(values))
    return secret


def test_a_person_is_found_by_his_address(world: World, tenancy: Tenancy) -> None:
    user, email = person(world)
    with tenancy.session() as session:
        assert find_login(session, email) == Login(user, f"argon2 {email}")
        assert find_login(session, email.lower()) == Login(user, f"argon2 {email}")
        assert find_login(session, f"no.{email}") is None
        assert find_login(session, "%") is None
    assert "argon2" not in repr(Login(user, "argon2"))


def test_who_is_no_longer_active_does_not_log_in(world: World, tenancy: Tenancy) -> None:
    _, email = person(world, is_active=False)
    with tenancy.session() as session:
        assert find_login(session, email) is None


def proofs(key: ContextKey, email: str) -> dict[str, str | None]:
    """What injected SQL could come up with, who asks about this address."""
    other = key.login_proof("somebody@else.example")
    version, kid, _, expiry, mac = other.split(".")
    hashed = hashlib.sha256(email.encode()).hexdigest()
    return {
        "nothing": None,
        "an empty one": "",
        "of another address": other,
        "the address exchanged": f"{version}.{kid}.{hashed}.{expiry}.{mac}",
        "no signature": f"{version}.{kid}.{hashed}.{expiry}",
        "an empty signature": f"{version}.{kid}.{hashed}.{expiry}.",
        "an unknown key": f"{version}.unknown.{hashed}.{expiry}.{mac}",
        "another key": ContextKey("x" * 32).login_proof(email),
        "a context": key.token(uuid.uuid4(), uuid.uuid4()),
        "expired": key.login_proof(email, timedelta(seconds=-1)),
        "longer": key.login_proof(email) + ".",
    }


@pytest.mark.parametrize("proof", list(proofs(ContextKey("k" * 32), "")))
def test_injected_sql_asks_for_nobodys_login(world: World, proof: str) -> None:
    _, email = person(world)
    given = proofs(world.key, email)[proof]
    with world.acting(world.members["owner"]) as connection, refused("28000"):
        connection.execute(select(func.find_login(email, given)))


def test_a_proof_is_no_context(world: World) -> None:
    proof = world.key.login_proof("alice@example.com")
    with world.without_context() as connection, refused("28000"):
        connection.execute(select(func.set_config("tenantry.context", proof, True)))
        connection.execute(select(func.get_current_tenant()))


def test_a_client_is_found_by_his_key(world: World, tenancy: Tenancy) -> None:
    member = world.members["member"]
    with tenancy.session() as session:
        for user in (member, None):
            found = find_api_key(session, key_of(world, user))
            assert found is not None
            assert found == Client(found.api_key_id, world.a.tenant_id, user)
        assert find_api_key(session, uuid.uuid4().hex) is None
        assert find_api_key(session, "") is None


@pytest.mark.parametrize(
    "columns", [{"is_active": False}, {"revoked": True}, {"expires_at": datetime.now(UTC) - timedelta(seconds=1)}]
)
def test_a_key_that_is_not_valid_opens_nothing(world: World, tenancy: Tenancy, columns: dict[str, Any]) -> None:
    with tenancy.session() as session:
        assert find_api_key(session, key_of(world, **columns)) is None


def test_a_key_ends_with_the_membership_and_with_the_tenant(world: World, tenancy: Tenancy) -> None:
    with world.superuser.begin() as connection:
        user = world.a.new_member(connection, "member")
    of_member, of_tenant = key_of(world, user), key_of(world)
    with world.superuser.begin() as connection:
        left = update(TenantUser).where(TenantUser.user_id == user).values(deactivated_at=func.now())
        connection.execute(left)
    with tenancy.session() as session:
        assert find_api_key(session, of_member) is None
        assert find_api_key(session, of_tenant) is not None
    with world.superuser.begin() as connection:
        connection.execute(update(Tenant).where(Tenant.id == world.a.tenant_id).values(deleted_at=func.now()))
    with tenancy.session() as session:
        assert find_api_key(session, of_tenant) is None
    with world.superuser.begin() as connection:
        connection.execute(update(Tenant).where(Tenant.id == world.a.tenant_id).values(deleted_at=None))


def test_nobody_takes_over_the_clients_of_another_tenant(world: World, tenancy: Tenancy) -> None:
    """Whoever learns a hash and enters it as his own does not get what its clients send."""
    secret = key_of(world)
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    with world.superuser.begin() as connection:
        connection.execute(insert(ApiKey).values(tenant_id=world.b.tenant_id, key_hash=hashed, key_prefix="mine"))
    with tenancy.session() as session:
        assert find_api_key(session, secret) is None


def test_my_tenants_are_those_of_the_signed_user(world: World, tenancy: Tenancy) -> None:
    user, _ = person(world)
    with world.superuser.begin() as connection:
        for tenant, role in ((world.a.tenant_id, "viewer"), (world.b.tenant_id, "admin")):
            connection.execute(insert(TenantUser).values(tenant_id=tenant, user_id=user, role=role))
        rows = connection.execute(
            select(Tenant.id, Tenant.slug, Tenant.name, TenantUser.role)
            .join(TenantUser, TenantUser.tenant_id == Tenant.id)
            .where(TenantUser.user_id == user)
            .order_by(Tenant.name, Tenant.id)
        ).all()
    expected = [Membership(*row) for row in rows]
    for within in (None, world.a.tenant_id):
        with tenancy.session(tenant=within, user=user) as session:
            assert my_tenants(session) == expected
    with world.superuser.begin() as connection:
        left = update(TenantUser).where(TenantUser.user_id == user, TenantUser.tenant_id == world.a.tenant_id)
        connection.execute(left.values(deactivated_at=func.now()))
    with tenancy.session(user=user) as session:
        assert [found.tenant_id for found in my_tenants(session)] == [world.b.tenant_id]


def test_nobody_without_a_context_has_tenants(world: World, tenancy: Tenancy) -> None:
    with tenancy.session() as session:
        assert my_tenants(session) == []
    with tenancy.session(tenant=world.a.tenant_id) as session:
        assert my_tenants(session) == []


def test_the_tables_themselves_show_nothing_more(world: World) -> None:
    """The policies that the functions read by are the owner's alone."""
    with world.without_context() as connection:
        for table in ("users", "tenants", "api_keys", "tenant_users"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0
