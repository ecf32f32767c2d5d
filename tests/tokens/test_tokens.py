"""Tokens as an application uses them, in sessions of both kinds."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from tests.models.conftest import World, world
from tests.models.test_tokens import give, new_level, new_member
from tests.support.databases import settings_for

from tenantry import AsyncTenancy, Tenancy, tokens
from tenantry.models import TenantUser
from tenantry.models.identity import TenantRole
from tenantry.models.tokens import EnforcementMode, TokenDirection, WalletStatus
from tenantry.tokens import asynchronous

__all__ = ["world"]


@pytest.fixture
def tenancy(world: World) -> Iterator[Tenancy]:
    url = world.application.url
    made = Tenancy(sqlalchemy.create_engine(url), settings=settings_for(url), key=world.key)
    yield made
    made.engine.dispose()


@pytest.fixture
def user_id(world: World) -> uuid.UUID:
    """A member with a hundred tokens."""
    made = new_member(world)
    give(world, made, 100)
    return made


def test_an_entry_has_its_types(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    run = uuid.uuid4()
    with tenancy.session(world.a.tenant_id, user_id) as session:
        entry = tokens.adjust(
            session, user_id, 30, TokenDirection.DEBIT, "chat: 30 %",
            reference_type="chat", reference_id=run, execution_id=run, metadata={"model": "x"}, idempotency_key="1",
        )  # fmt: skip
        assert (entry.user_id, entry.direction, entry.amount) == (user_id, TokenDirection.DEBIT, 30)
        assert (entry.balance_after, entry.reserved_after, entry.lifetime_after) == (70, 0, 100)
        assert (entry.reason, entry.source, entry.metadata) == ("chat: 30 %", "system", {"model": "x"})
        assert (entry.reference_id, entry.execution_id) == (run, run)
        assert abs(entry.created_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert not entry.warns
        again = tokens.adjust(
            session, user_id, 30, TokenDirection.DEBIT, "chat: 30 %",
            reference_type="chat", reference_id=run, execution_id=run, metadata={"model": "x"}, idempotency_key="1",
        )  # fmt: skip
        assert again == entry


def test_an_execution_reserves_and_settles(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    with tenancy.session(world.a.tenant_id, user_id) as session:
        reservation = tokens.reserve(session, user_id, 40, "chat", expires_in=timedelta(minutes=10))
        assert (reservation.status, reservation.ended_at) == ("open", None)
        assert timedelta(minutes=9) < reservation.expires_at - datetime.now(UTC) < timedelta(minutes=11)
        settled = tokens.settle(session, reservation.id, 25)
        assert (settled.id, settled.status, settled.settled_amount) == (reservation.id, "settled", 25)
        other = tokens.reserve(session, user_id, 75, "chat")
        assert tokens.release(session, other.id).status == "released"
        assert tokens.verify(session) == []


def test_what_is_refused_is_an_exception_of_its_own(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    debit = TokenDirection.DEBIT
    with tenancy.session(world.a.tenant_id, user_id) as session:
        with pytest.raises(tokens.InsufficientTokensError) as caught, session.begin_nested():
            tokens.adjust(session, user_id, 101, debit, "chat")
        assert (caught.value.available, caught.value.requested) == (100, 101)
        assert str(caught.value) == "insufficient tokens to debit: 100 available, 101 requested"
        assert isinstance(caught.value.__cause__, DBAPIError)
        tokens.adjust(session, user_id, 1, debit, "chat", idempotency_key="1")
        with pytest.raises(tokens.IdempotencyKeyError), session.begin_nested():
            tokens.adjust(session, user_id, 2, debit, "chat", idempotency_key="1")
        with pytest.raises(tokens.UnexpectedLevelError), session.begin_nested():
            tokens.adjust(session, user_id, 2, debit, "chat", expected_level_id=uuid.uuid4())
        reservation = tokens.release(session, tokens.reserve(session, user_id, 1, "chat").id)
        with pytest.raises(tokens.ReservationEndedError, match="released"), session.begin_nested():
            tokens.settle(session, reservation.id, 1)
        with pytest.raises(DBAPIError) as other, session.begin_nested():
            tokens.adjust(session, user_id, 1, TokenDirection.CREDIT, "a present")
        assert isinstance(other.value.orig, psycopg.errors.InsufficientPrivilege)
    admin = tenancy.session(world.a.tenant_id, world.members["admin"])
    with admin as session, pytest.raises(tokens.ReservationNotFoundError):
        tokens.release(session, uuid.uuid4())


def test_a_warning_is_a_warning(world: World, tenancy: Tenancy) -> None:
    level_id, user_id = new_level(world, base_allocation=1, enforcement_mode="warn"), new_member(world)
    with tenancy.session(world.a.tenant_id, world.members["admin"]) as session:
        balance = tokens.allocate(session, user_id, level_id)
        assert (balance.user_id, balance.level_id, balance.status) == (user_id, level_id, WalletStatus.ACTIVE)
        assert (balance.current_tokens, balance.available_tokens, balance.next_reset_at) == (1, 1, None)
        entry = tokens.adjust(session, user_id, 3, TokenDirection.DEBIT, "chat")
        assert (entry.enforcement_mode, entry.borrowed_after, entry.warns) == (EnforcementMode.WARN, 2, True)


def test_admins_move_tokens(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    other = new_member(world)
    with tenancy.session(world.a.tenant_id, world.members["admin"]) as session:
        given, taken = tokens.transfer(session, user_id, other, 30, "help")
        assert (given.user_id, given.amount, given.balance_after) == (user_id, -30, 70)
        assert (taken.user_id, taken.amount, taken.balance_after) == (other, 30, 30)
        assert tokens.release_expired(session) == 0
        assert tokens.reset_monthly(session) >= 0


def test_a_credit_that_expires(world: World, user_id: uuid.UUID) -> None:
    url = world.superadmin.url
    back_office = Tenancy(sqlalchemy.create_engine(url), settings=settings_for(url), key=world.key)
    expires_at = datetime.now(UTC) + timedelta(days=1)
    with back_office.superadmin(reason="a present", tenant=world.a.tenant_id) as session:
        session.execute(sqlalchemy.select(sqlalchemy.func.set_tenant(world.a.tenant_id)))
        entry = tokens.adjust(
            session, user_id, 40, TokenDirection.CREDIT, "a present", source="bonus", expires_at=expires_at
        )
        assert (entry.expires_at, entry.source) == (expires_at, "bonus")
        assert tokens.expire(session) >= 0
        assert tokens.verify(session) == []
    back_office.engine.dispose()


def test_many_are_posted_together(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    debit = TokenDirection.DEBIT
    with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
        assert tokens.spread(session, user_id, 2) == 1
        postings = [
            tokens.Posting(user_id, 10, debit, "chat", idempotency_key="one", metadata={"model": "x"}),
            tokens.Posting(user_id, 80, debit, "chat", reference_id=uuid.uuid4(), execution_id=uuid.uuid4()),
        ]
        entries = tokens.post(session, postings)
        assert [entry.amount for entry in entries] == [10, 80]
        assert (entries[0].metadata, entries[1].reference_id) == ({"model": "x"}, postings[1].reference_id)
        assert tokens.post(session, postings[:1]) == entries[:1]
        with pytest.raises(tokens.InsufficientTokensError) as caught, session.begin_nested():
            tokens.post(session, [tokens.Posting(user_id, 9, debit, "chat"), tokens.Posting(user_id, 2, debit, "chat")])
        assert (caught.value.available, caught.value.requested) == (1, 2)
        assert tokens.post(session, []) == []


def test_what_the_session_holds_is_written_first(world: World, tenancy: Tenancy, user_id: uuid.UUID) -> None:
    with world.superuser.begin() as connection:
        owner = world.a.new_member(connection, "owner")
    with tenancy.session(world.a.tenant_id, owner) as session:
        mine = session.scalars(sqlalchemy.select(TenantUser).where(TenantUser.user_id == owner)).one()
        mine.role = TenantRole.MEMBER
        with pytest.raises(DBAPIError, match="not allowed to transfer"):
            tokens.transfer(session, user_id, owner, 1, "goodbye")


def test_sessions_under_asyncio_do_the_same(world: World, user_id: uuid.UUID) -> None:
    async def main() -> None:
        engine = create_async_engine(world.application.url)
        tenancy = AsyncTenancy(engine, settings=settings_for(world.application.url), key=world.key)
        async with tenancy.session(world.a.tenant_id, user_id) as session:
            reservation = await asynchronous.reserve(session, user_id, 40, "chat")
            assert (await asynchronous.settle(session, reservation.id, 25)).settled_amount == 25
            (entry,) = await asynchronous.post(session, [tokens.Posting(user_id, 5, TokenDirection.DEBIT, "chat")])
            assert entry.balance_after == 70
            with pytest.raises(tokens.InsufficientTokensError):
                await asynchronous.adjust(session, user_id, 101, TokenDirection.DEBIT, "chat")
        await engine.dispose()

    asyncio.run(main())


def test_the_service_of_the_source_system_calls_it_as_it_always_did(world: World, user_id: uuid.UUID) -> None:
    run, chat = uuid.uuid4(), uuid.uuid4()
    _, place = world.application.dialect.create_connect_args(world.application.url)
    with psycopg.connect(**place) as connection, psycopg.RawCursor(connection) as cursor:
        token = world.key.token(world.a.tenant_id, user_id)
        cursor.execute("SELECT set_config('tenantry.context', $1, true)", [token])
        arguments = [user_id, 5, "debit", "execution", "api", "chat", chat, run, '{"a": 1}']
        cursor.execute("SELECT * FROM adjust_user_tokens($1, $2, $3, $4, $5, $6, $7, $8, $9)", arguments)
        (entry,) = cursor.fetchall()[0]
        assert entry.keys() >= {"id", "wallet_id", "user_id", "direction", "amount", "balance_after", "created_at"}
        assert (entry["user_id"], entry["direction"]) == (str(user_id), "debit")
        assert (entry["amount"], entry["balance_after"]) == (5, 95)
