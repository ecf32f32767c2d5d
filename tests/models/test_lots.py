"""Credits that expire: used in order, gone when their time has come, kept for what was reserved before."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select, text
from tests.models.conftest import World, refused
from tests.models.test_reservations import call, figures, release, reserve, settle
from tests.models.test_tokens import (
    adjust,
    allocate,
    give,
    make_due,
    new_level,
    new_member,
    operating,
    reset,
    verify,
    wallet_of,
)

from tenantry.models import TokenLot, TokenLotUse

AT_ONCE: Final = 8
SOON, LATER, LAST = (datetime.now(UTC).replace(microsecond=0) + timedelta(days=days) for days in (1, 2, 3))


def credit(connection: Connection, user_id: uuid.UUID, amount: int, expires_at: datetime, source: str) -> Any:
    return adjust(connection, user_id, amount, "credit", expires_at=expires_at, source=source)


def left(connection: Connection, user_id: uuid.UUID) -> list[int]:
    """What is left of the lots of a wallet, in the order in which they came."""
    query = select(TokenLot.remaining_tokens).where(TokenLot.user_id == user_id).order_by(TokenLot.id)
    return list(connection.execute(query).scalars())


def let_expire(world: World, user_id: uuid.UUID, source: str = "bonus") -> None:
    """As if the time of its lots had passed."""
    change = "UPDATE token_lots SET expires_at = now() WHERE user_id = :user AND source = :source"
    with world.superuser.begin() as connection:
        connection.execute(text(change), {"user": user_id, "source": source})


@pytest.fixture
def user_id(world: World) -> uuid.UUID:
    """A member with a hundred tokens that do not expire."""
    made = new_member(world)
    give(world, made, 100)
    return made


@pytest.fixture
def expiring_id(world: World, user_id: uuid.UUID) -> uuid.UUID:
    """A member with forty more that do."""
    with operating(world) as connection:
        credit(connection, user_id, 40, SOON, "bonus")
        connection.commit()
    return user_id


def test_what_expires_first_is_used_first(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        for expires_at, source in [
            (LATER, "purchase"), (SOON, "purchase"), (SOON, "bonus"),
            (SOON, "system"), (LAST, "system"), (SOON, "bonus"),
        ]:  # fmt: skip
            credit(connection, user_id, 10, expires_at, source)
        expected = [[10, 10, 10, 5, 10, 10], [10, 10, 5, 0, 10, 10], [10, 10, 0, 0, 10, 5], [10, 5, 0, 0, 10, 0]]
        for lots in [*expected, [5, 0, 0, 0, 10, 0], [0, 0, 0, 0, 5, 0]]:
            adjust(connection, user_id, 5 if lots == expected[0] else 10, "debit")
            assert left(connection, user_id) == lots
        adjust(connection, user_id, 50, "debit")
        assert left(connection, user_id) == [0] * 6
        wallet = wallet_of(connection, user_id)
        assert (wallet.current_tokens, wallet.expiring_tokens) == (55, 0)
        assert verify(connection) == []


def test_a_use_is_of_its_entry(world: World, expiring_id: uuid.UUID) -> None:
    with operating(world) as connection:
        entry = adjust(connection, expiring_id, 60, "debit")
        query = select(TokenLotUse.tokens).where(TokenLotUse.entry_id == uuid.UUID(entry["id"]))
        assert connection.execute(query).scalars().all() == [40]


def test_a_wallet_may_have_nothing_else(world: World) -> None:
    member_id = new_member(world)
    with operating(world) as connection:
        credit(connection, member_id, 40, SOON, "bonus")
        assert adjust(connection, member_id, 30, "debit")["balance_after"] == 10
        assert left(connection, member_id) == [10]


def test_what_has_expired_is_not_spent_though_nothing_has_taken_it_out(world: World, expiring_id: uuid.UUID) -> None:
    let_expire(world, expiring_id)
    with operating(world) as connection:
        for direction in ("debit", "reserve"):
            with refused("TK001", "100 available, 101 requested"), connection.begin_nested():
                adjust(connection, expiring_id, 101, direction)
        with refused("TK001", "100 available, 101 requested"), connection.begin_nested():
            reserve(connection, expiring_id, 101)
        assert adjust(connection, expiring_id, 100, "debit")["balance_after"] == 0
        assert verify(connection) == []


def test_expiry_is_an_entry(world: World, expiring_id: uuid.UUID) -> None:
    let_expire(world, expiring_id)
    with operating(world) as connection:
        assert call(connection, "expire_credits") >= 1
        assert call(connection, "expire_credits") == 0
        assert figures(connection, expiring_id) == (100, 0, 0)
        assert left(connection, expiring_id) == [0]
        entry = text(
            "SELECT direction, amount, source FROM user_token_ledger WHERE user_id = :user"
            " ORDER BY entry_number DESC LIMIT 1"
        )
        assert connection.execute(entry, {"user": expiring_id}).one() == ("adjustment", -40, "expiry")
        assert verify(connection) == []


def test_what_was_used_does_not_expire(world: World, expiring_id: uuid.UUID) -> None:
    with operating(world) as connection:
        adjust(connection, expiring_id, 30, "debit")
        connection.commit()
    let_expire(world, expiring_id)
    with operating(world) as connection:
        assert call(connection, "expire_credits") >= 1
        assert figures(connection, expiring_id) == (100, 0, 0)


@pytest.mark.parametrize(("used", "balance"), [(0, 100), (25, 100), (40, 100), (70, 70)])
def test_what_was_reserved_before_may_be_used(world: World, expiring_id: uuid.UUID, used: int, balance: int) -> None:
    with operating(world) as connection:
        reservation = reserve(connection, expiring_id, 70)
        connection.commit()
    let_expire(world, expiring_id)
    with operating(world) as connection:
        call(connection, "expire_credits")
        assert figures(connection, expiring_id) == (140, 70, 0)
        with refused("TK001", "70 available, 71 requested"), connection.begin_nested():
            adjust(connection, expiring_id, 71, "debit")
        settle(connection, reservation, used)
        call(connection, "expire_credits")
        assert figures(connection, expiring_id) == (balance, 0, 0)
        assert verify(connection) == []


def test_a_later_reservation_keeps_nothing(world: World, expiring_id: uuid.UUID) -> None:
    """Also where it takes the place of one that was there before."""
    with operating(world) as connection:
        first = reserve(connection, expiring_id, 40)
        connection.commit()
    let_expire(world, expiring_id)
    with operating(world) as connection:
        second = reserve(connection, expiring_id, 50)
        release(connection, first)
        assert settle(connection, second, 50)["settled_amount"] == 50
        with refused("TK001", "50 available, 51 requested"), connection.begin_nested():
            adjust(connection, expiring_id, 51, "debit")
        assert adjust(connection, expiring_id, 50, "debit")["balance_after"] == 0
        assert verify(connection) == []


def test_what_was_borrowed_is_paid_back_before_a_lot_is_made(world: World) -> None:
    level_id, member_id = new_level(world, base_allocation=10, enforcement_mode="monitor"), new_member(world)
    with operating(world) as connection:
        allocate(connection, member_id, level_id)
        adjust(connection, member_id, 25, "debit")
        credit(connection, member_id, 40, SOON, "bonus")
        assert left(connection, member_id) == [25]
        assert figures(connection, member_id) == (25, 0, 0)
        assert verify(connection) == []


def test_the_month_takes_what_does_not_expire_otherwise(world: World) -> None:
    level_id = new_level(world, allocation_mode="monthly", monthly_allocation=100, rollover_percent=50)
    member_id = new_member(world)
    with operating(world) as connection:
        allocate(connection, member_id, level_id)
        credit(connection, member_id, 40, SOON, "purchase")
        connection.commit()
    make_due(world, member_id)
    with operating(world) as connection:
        assert reset(connection) >= 1
        assert figures(connection, member_id) == (190, 0, 0)
        assert left(connection, member_id) == [40]
        assert verify(connection) == []


@pytest.mark.parametrize(("direction", "amount"), [("debit", 1), ("reserve", 1), ("adjustment", 1)])
def test_only_credits_expire(world: World, user_id: uuid.UUID, direction: str, amount: int) -> None:
    with operating(world) as connection, refused("22023", "cannot expire"):
        adjust(connection, user_id, amount, direction, expires_at=SOON)


def test_a_credit_expires_in_the_time_to_come(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection, refused("22023", "cannot expire"):
        credit(connection, user_id, 1, SOON - timedelta(days=2), "bonus")


def test_the_same_key_makes_one_lot(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        for _ in range(2):
            adjust(connection, user_id, 5, "credit", expires_at=SOON, idempotency_key="bonus")
        assert left(connection, user_id) == [5]
        with refused("TK002"):
            adjust(connection, user_id, 5, "credit", expires_at=LATER, idempotency_key="bonus")


def test_lots_that_were_tampered_with_are_found(world: World, expiring_id: uuid.UUID) -> None:
    with world.undone() as connection:
        wallet = wallet_of(connection, expiring_id)
        for change in ("remaining_tokens = remaining_tokens - 1", "(tokens, remaining_tokens) = (41, 41)"):
            with connection.begin_nested() as attempt:
                connection.execute(text(f"UPDATE token_lots SET {change} WHERE user_id = :u"), {"u": expiring_id})
                assert verify(connection) == [wallet.id]
                attempt.rollback()
        assert verify(connection) == []


def test_only_admins_take_out_what_has_expired(world: World) -> None:
    with world.acting(world.members["member"]) as connection, refused("42501"):
        call(connection, "expire_credits")


def test_schedulers_and_spenders_at_once(own_world: World) -> None:
    """Each wallet's credit leaves once, whoever sees first that its time has come."""
    users = [new_member(own_world) for _ in range(6)]
    with operating(own_world) as connection:
        for each in users:
            adjust(connection, each, 100, "credit")
            credit(connection, each, 40, SOON, "bonus")
        connection.commit()
    for each in users:
        let_expire(own_world, each)
    start = threading.Barrier(AT_ONCE)

    def strike(number: int) -> None:
        with operating(own_world) as connection:
            start.wait()
            if number % 2:
                adjust(connection, users[number % len(users)], 5, "debit")
            else:
                while call(connection, "expire_credits", limit=2):
                    connection.commit()
                    connection.execute(text("SELECT set_tenant(:tenant)"), {"tenant": own_world.a.tenant_id})
            connection.commit()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(strike, range(AT_ONCE)))
    with own_world.superuser.connect() as connection:
        debits = {1: 1, 3: 1, 5: 1, 7 % len(users): 2}
        for number, each in enumerate(users):
            assert figures(connection, each) == (100 - 5 * debits.get(number, 0), 0, 0)
        assert verify(connection) == []
