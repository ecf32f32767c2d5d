"""A person becomes a member by an invitation that he accepts, and in no other way."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Connection, func, insert, select, text, update
from tests.models.conftest import World, refused

from tenantry.models import TenantInvitation, TenantUser, User

INVITE = text("INSERT INTO tenant_invitations (email, role) VALUES (:email, :role) RETURNING id")
MEMBERSHIP = select(TenantUser.role, TenantUser.deactivated_at.is_(None))


@dataclass(frozen=True)
class Guest:
    """A person of tenant B whom tenant A invites."""

    id: uuid.UUID
    email: str


@pytest.fixture
def guest(world: World) -> Guest:
    person = world.b.rows["users"][0]
    return Guest(uuid.UUID(str(person["id"])), person["email"])


@pytest.fixture
def undone(world: World) -> Iterator[Connection]:
    with world.undone() as connection:
        yield connection


def invite(world: World, connection: Connection, email: str, role: str = "member", by: str = "owner") -> uuid.UUID:
    with world.becoming(connection, world.members[by]):
        made: uuid.UUID = connection.execute(INVITE, {"email": email, "role": role}).scalar_one()
    connection.execute(text("RESET SESSION AUTHORIZATION"))
    return made


def accept(world: World, connection: Connection, invitation: uuid.UUID, person: uuid.UUID) -> uuid.UUID:
    with world.becoming(connection, person, world.b.tenant_id):
        entered: uuid.UUID = connection.execute(select(func.accept_invitation(invitation))).scalar_one()
    connection.execute(text("RESET SESSION AUTHORIZATION"))
    return entered


def test_who_accepts_is_a_member(world: World, undone: Connection, guest: Guest) -> None:
    invitation = invite(world, undone, guest.email.upper(), "viewer")
    with world.becoming(undone, world.members["owner"]):
        assert undone.execute(select(User.id).where(User.id == guest.id)).all() == []
    undone.execute(text("RESET SESSION AUTHORIZATION"))
    assert accept(world, undone, invitation, guest.id) == world.a.tenant_id
    with world.becoming(undone, world.members["owner"]):
        assert undone.execute(select(User.email).where(User.id == guest.id)).scalar_one() == guest.email
        assert undone.execute(MEMBERSHIP.where(TenantUser.user_id == guest.id)).one() == ("viewer", True)


def test_an_invitation_is_for_one_person_once(world: World, undone: Connection, guest: Guest) -> None:
    invitation = invite(world, undone, guest.email)
    other = world.b.rows["users"][1]["id"]
    with refused("P0002"), undone.begin_nested():
        accept(world, undone, invitation, other)
    with refused("P0002"), undone.begin_nested():
        accept(world, undone, uuid.uuid4(), guest.id)
    accept(world, undone, invitation, guest.id)
    with refused("P0002"), undone.begin_nested():
        accept(world, undone, invitation, guest.id)


def test_an_invitation_lapses(world: World, undone: Connection, guest: Guest) -> None:
    invitation = invite(world, undone, guest.email)
    undone.execute(text("UPDATE tenant_invitations SET expires_at = now()"))
    with refused("P0002"):
        accept(world, undone, invitation, guest.id)


def test_who_left_comes_back_by_invitation(world: World, undone: Connection, guest: Guest) -> None:
    accept(world, undone, invite(world, undone, guest.email, "admin"), guest.id)
    undone.execute(text("UPDATE tenant_users SET deactivated_at = now() WHERE user_id = :id"), {"id": guest.id})
    accept(world, undone, invite(world, undone, guest.email, "viewer"), guest.id)
    mine = MEMBERSHIP.where(TenantUser.tenant_id == world.a.tenant_id, TenantUser.user_id == guest.id)
    assert undone.execute(mine).one() == ("viewer", True)


def test_a_member_keeps_his_role(world: World, undone: Connection) -> None:
    email = undone.execute(select(User.email).where(User.id == world.members["admin"])).scalar_one()
    accept(world, undone, invite(world, undone, email, "viewer"), world.members["admin"])
    mine = MEMBERSHIP.where(TenantUser.tenant_id == world.a.tenant_id, TenantUser.user_id == world.members["admin"])
    assert undone.execute(mine).one() == ("admin", True)


def test_who_may_invite_whom(world: World, undone: Connection) -> None:
    for by, role, may in (("owner", "owner", True), ("admin", "admin", True), ("admin", "owner", False)):
        with undone.begin_nested():
            if may:
                assert invite(world, undone, f"{by}-{role}@example.com", role, by)
                continue
            with refused("42501"), undone.begin_nested():
                invite(world, undone, f"{by}-{role}@example.com", role, by)
    for by in ("member", "viewer"):
        with refused("42501"), undone.begin_nested():
            invite(world, undone, "nobody@example.com", "member", by)


def test_nobody_is_made_a_member_by_another(world: World, guest: Guest) -> None:
    with world.acting(world.members["owner"]) as connection, refused("42501"):
        connection.execute(insert(TenantUser).values(user_id=guest.id, role="member").inline())


def test_acceptance_is_no_column_that_one_writes(world: World) -> None:
    with world.acting(world.members["owner"]) as connection, refused("42501"):
        connection.execute(update(TenantInvitation).values(accepted_at=func.now()))
