"""A wallet that is spread over slots is one wallet in sum; many entries in one call are all posted or none."""

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Connection, select
from tests.models.conftest import World, refused
from tests.models.test_reservations import call, expire, reserve, settle
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

from tenantry.models import LedgerEntry, Wallet

AT_ONCE: Final = 8
SLOTS: Final = 4


def spread(connection: Connection, user_id: uuid.UUID, slots: int = SLOTS) -> int:
    return int(call(connection, "spread_user_tokens", user_id=user_id, slots=slots))


def slots_of(connection: Connection, user_id: uuid.UUID) -> list[int]:
    """What each slot has."""
    query = select(Wallet.current_tokens).where(Wallet.user_id == user_id).order_by(Wallet.slot)
    return list(connection.execute(query).scalars())


def post(connection: Connection, *entries: dict[str, Any]) -> Any:
    given = json.dumps([{"reason": "test", "direction": "debit", **entry} for entry in entries], default=str)
    return call(connection, "post_token_entries", entries=given)


@pytest.fixture
def user_id(world: World) -> uuid.UUID:
    """A member with a hundred tokens, spread over four slots."""
    made = new_member(world)
    give(world, made, 100)
    with operating(world) as connection:
        assert spread(connection, made) == 1
        connection.commit()
    return made


def test_tokens_are_spread_evenly_and_gathered_again(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        assert slots_of(connection, user_id) == [25, 25, 25, 25]
        assert spread(connection, user_id, 3) == 4
        assert slots_of(connection, user_id) == [34, 33, 33, 0]
        assert spread(connection, user_id, 1) == 3
        assert slots_of(connection, user_id) == [100, 0, 0, 0]
        assert adjust(connection, user_id, 100, "debit")["balance_after"] == 0
        assert verify(connection) == []


def test_a_debit_is_more_than_any_slot_has(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        adjust(connection, user_id, 20, "debit")
        with refused("TK001", "80 available, 81 requested"), connection.begin_nested():
            adjust(connection, user_id, 81, "debit")
        assert sum(slots_of(connection, user_id)) == 80
        adjust(connection, user_id, 80, "debit")
        assert slots_of(connection, user_id) == [0] * SLOTS
        assert verify(connection) == []


def test_an_adjustment_takes_from_all_slots(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        adjust(connection, user_id, -60, "adjustment")
        assert sum(slots_of(connection, user_id)) == 40
        adjust(connection, user_id, 30, "reserve")
        adjust(connection, user_id, 30, "release")
        assert adjust(connection, user_id, 40, "debit")["balance_after"] == 0


@pytest.mark.parametrize(("used", "left"), [(0, 100), (20, 80), (95, 5)])
def test_a_reservation_is_settled_from_all_slots(world: World, user_id: uuid.UUID, used: int, left: int) -> None:
    with operating(world) as connection:
        reservation = reserve(connection, user_id, 20)
        with refused("TK001"), connection.begin_nested():
            settle(connection, reservation, 101)
        settle(connection, reservation, used)
        assert sum(slots_of(connection, user_id)) == left
        assert verify(connection) == []


def test_expired_reservations_of_all_slots_give_back(own_world: World) -> None:
    member_id = new_member(own_world)
    give(own_world, member_id, 100)
    with operating(own_world) as connection:
        spread(connection, member_id)
        reserve(connection, member_id, 60)
        reserve(connection, member_id, 30)
        connection.commit()
    expire(own_world, member_id)
    with operating(own_world) as connection:
        adjust(connection, member_id, 95, "debit")
        assert sum(slots_of(connection, member_id)) == 5


def test_what_expires_is_used_first(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        adjust(connection, user_id, 10, "credit", expires_at=datetime.now(UTC) + timedelta(days=1))
        for _ in range(2):
            adjust(connection, user_id, 5, "debit")
        main = connection.execute(select(Wallet.__table__).where(Wallet.user_id == user_id, Wallet.slot == 0)).one()
        assert (main.expiring_tokens, sum(slots_of(connection, user_id))) == (0, 100)


def test_what_is_borrowed_is_paid_back_first(world: World) -> None:
    level_id, member_id = new_level(world, base_allocation=100, enforcement_mode="monitor"), new_member(world)
    with operating(world) as connection:
        allocate(connection, member_id, level_id)
        spread(connection, member_id)
        assert adjust(connection, member_id, 110, "debit")["borrowed_after"] == 10
        assert adjust(connection, member_id, 15, "credit")["balance_after"] == 5
        assert verify(connection) == []


def test_the_month_begins_once_for_all_slots(world: World) -> None:
    level_id = new_level(world, allocation_mode="monthly", monthly_allocation=100, rollover_percent=50)
    member_id = new_member(world)
    with operating(world) as connection:
        allocate(connection, member_id, level_id)
        spread(connection, member_id)
        connection.commit()
    make_due(world, member_id)
    with operating(world) as connection:
        assert reset(connection) >= 1
        assert sum(slots_of(connection, member_id)) == 150
        assert verify(connection) == []


def test_the_same_key_posts_once_in_whatever_slot(own_world: World) -> None:
    member_id = new_member(own_world)
    give(own_world, member_id, 100)
    with operating(own_world) as connection:
        spread(connection, member_id)
        connection.commit()
    start = threading.Barrier(AT_ONCE)

    def retry(_: int) -> tuple[str, str]:
        with operating(own_world) as connection:
            start.wait()
            entry = adjust(connection, member_id, 1, "debit", idempotency_key="one")
            reservation = reserve(connection, member_id, 1, idempotency_key="two")
            connection.commit()
            return entry["id"], reservation["id"]

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert len(set(threads.map(retry, range(AT_ONCE)))) == 1
    with own_world.superuser.connect() as connection:
        assert sum(slots_of(connection, member_id)) == 99


def test_slots_are_exact_at_once(own_world: World) -> None:
    """Also when they run dry, and every call gathers what the others have."""
    member_id = new_member(own_world)
    give(own_world, member_id, 10 * AT_ONCE)
    with operating(own_world) as connection:
        spread(connection, member_id)
        connection.commit()

    def use(_: int) -> int:
        done = 0
        for _ in range(12):
            with operating(own_world) as connection, connection.begin_nested() as attempt:
                try:
                    adjust(connection, member_id, 1, "debit")
                except Exception as error:
                    if getattr(getattr(error, "orig", None), "sqlstate", None) != "TK001":
                        raise
                    attempt.rollback()
                else:
                    done += 1
                    attempt.commit()
                    connection.commit()
        return done

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert sum(threads.map(use, range(AT_ONCE))) == 10 * AT_ONCE
    with own_world.superuser.connect() as connection:
        assert sum(slots_of(connection, member_id)) == 0
        assert verify(connection) == []


def test_a_slot_with_a_reservation_stays(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        for _ in range(SLOTS):
            reserve(connection, user_id, 25)
        with refused("55000"), connection.begin_nested():
            spread(connection, user_id, 1)
        assert sum(slots_of(connection, user_id)) == 100


@pytest.mark.parametrize("slots", [0, 65, None])
def test_a_nonsensical_number_of_slots_is_refused(world: World, user_id: uuid.UUID, slots: Any) -> None:
    with operating(world) as connection, refused("22023"):
        call(connection, "spread_user_tokens", user_id=user_id, slots=slots)


def test_only_owners_spread(world: World, user_id: uuid.UUID) -> None:
    for role in ("admin", "member"):
        with world.acting(world.members[role]) as connection, refused("42501"):
            spread(connection, user_id)
    with world.acting(world.members["owner"]) as connection:
        assert spread(connection, user_id, 2) == SLOTS


# Many entries in one call.


def test_many_entries_are_posted_in_their_order(world: World) -> None:
    one, two = new_member(world), new_member(world)
    with operating(world) as connection:
        entries = post(
            connection,
            {"user_id": one, "amount": 10, "direction": "credit", "idempotency_key": "a"},
            {"user_id": two, "amount": 5, "direction": "credit", "source": "bonus", "metadata": {"a": 1}},
            {"user_id": one, "amount": 4, "idempotency_key": "b"},
        )
        assert [entry["balance_after"] for entry in entries] == [10, 5, 6]
        assert [entry["source"] for entry in entries] == ["system", "bonus", "system"]
        assert entries[1]["metadata"] == {"a": 1}
        again = post(connection, {"user_id": one, "amount": 4, "idempotency_key": "b"}, {"user_id": one, "amount": 1})
        assert (again[0], again[1]["balance_after"]) == (entries[2], 5)
        assert verify(connection) == []


def test_all_entries_or_none(world: World) -> None:
    one = new_member(world)
    give(world, one, 10)
    with world.acting(one) as connection:
        for wrong, sqlstate in [
            ({"user_id": one, "amount": 11}, "TK001"),
            ({"user_id": world.members["owner"], "amount": 1}, "42501"),
            ({"user_id": one, "amount": 1, "direction": "credit"}, "42501"),
            ({"user_id": one, "amount": 1, "idempotency_kye": "a"}, "22023"),
        ]:
            with refused(sqlstate), connection.begin_nested():
                post(connection, {"user_id": one, "amount": 4}, wrong)
        assert wallet_of(connection, one).current_tokens == 10
        assert post(connection) == []


def test_batches_at_once_do_not_wait_for_each_other(own_world: World) -> None:
    users = [new_member(own_world) for _ in range(4)]
    for each in users:
        give(own_world, each, 100)

    def strike(number: int) -> None:
        order = users if number % 2 else users[::-1]
        for _ in range(5):
            with operating(own_world) as connection:
                post(connection, *({"user_id": each, "amount": 1} for each in order))
                connection.commit()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(strike, range(AT_ONCE)))
    with own_world.superuser.connect() as connection:
        assert {wallet_of(connection, each).current_tokens for each in users} == {100 - 5 * AT_ONCE}
        count = select(LedgerEntry).where(LedgerEntry.user_id.in_(users))
        assert len(connection.execute(count).all()) == len(users) * (5 * AT_ONCE + 1)
