"""Reservations: what is set aside comes back once, whatever becomes of the work it was for."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import World, refused
from tests.models.test_tokens import adjust, allocate, give, new_level, new_member, operating, verify, wallet_of

AT_ONCE = 8
Json = dict[str, Any]


def call(connection: Connection, function: str, **arguments: Any) -> Any:
    given = ", ".join(f"p_{name} => :{name}" for name in arguments)
    return connection.execute(text(f"SELECT {function}({given})"), arguments).scalar_one()


def reserve(connection: Connection, user_id: uuid.UUID, amount: int, **options: Any) -> Json:
    made: Json = call(connection, "reserve_tokens", user_id=user_id, amount=amount, reason="run", **options)
    return made


def settle(connection: Connection, reservation: Json, amount: int) -> Json:
    ended: Json = call(connection, "settle_token_reservation", reservation_id=reservation["id"], amount=amount)
    return ended


def release(connection: Connection, reservation: Json) -> Json:
    ended: Json = call(connection, "release_token_reservation", reservation_id=reservation["id"])
    return ended


def figures(connection: Connection, user_id: uuid.UUID) -> tuple[int, int, int]:
    wallet = wallet_of(connection, user_id)
    return wallet.current_tokens, wallet.reserved_tokens, wallet.borrowed_tokens


def expire(world: World, user_id: uuid.UUID) -> None:
    """As if its time had passed."""
    change = text("UPDATE token_reservations SET expires_at = now() - interval '1 second' WHERE user_id = :user")
    with world.superuser.begin() as connection:
        connection.execute(change, {"user": user_id})


@pytest.fixture
def user_id(world: World) -> uuid.UUID:
    """A member with a hundred tokens."""
    made = new_member(world)
    give(world, made, 100)
    return made


@pytest.mark.parametrize(("used", "left"), [(0, 100), (25, 75), (40, 60), (90, 10)])
def test_what_was_used_is_debited_and_the_rest_is_free(world: World, user_id: uuid.UUID, used: int, left: int) -> None:
    run = uuid.uuid4()
    with world.acting(user_id) as connection:
        reservation = reserve(connection, user_id, 40, execution_id=run)
        assert (reservation["status"], reservation["amount"]) == ("open", 40)
        assert figures(connection, user_id) == (100, 40, 0)
        ended = settle(connection, reservation, used)
        assert (ended["status"], ended["settled_amount"]) == ("settled", used)
        assert figures(connection, user_id) == (left, 0, 0)
        entries = text(
            "SELECT direction, amount FROM user_token_ledger"
            " WHERE execution_id = :run AND reference_id = :reservation ORDER BY entry_number"
        )
        found = connection.execute(entries, {"run": run, "reservation": reservation["id"]}).all()
        assert found == [("reserve", 40), ("release", 40), *([("debit", used)] if used else [])]
        assert verify(connection) == []


def test_more_than_there_is_cannot_be_settled(world: World, user_id: uuid.UUID) -> None:
    with world.acting(user_id) as connection:
        reservation = reserve(connection, user_id, 40)
        with refused("TK001", "100 available, 101 requested"), connection.begin_nested():
            settle(connection, reservation, 101)
        assert settle(connection, reservation, 100)["settled_amount"] == 100


@pytest.mark.parametrize("first", ["settled", "released", "expired"])
def test_a_reservation_ends_once(world: World, user_id: uuid.UUID, first: str) -> None:
    with operating(world) as connection:
        reservation = reserve(connection, user_id, 40)
        connection.commit()
    if first == "expired":
        expire(world, user_id)
        with operating(world) as connection:
            assert call(connection, "release_expired_reservations") == 1
            connection.commit()
    else:
        with operating(world) as connection:
            settle(connection, reservation, 10) if first == "settled" else release(connection, reservation)
            connection.commit()
    with operating(world) as connection:
        before = figures(connection, user_id)
        with refused("TK005", first), connection.begin_nested():
            settle(connection, reservation, 10)
        with refused("TK005", first), connection.begin_nested():
            release(connection, reservation)
        assert figures(connection, user_id) == before


def test_what_has_expired_is_not_settled(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        reservation = reserve(connection, user_id, 40)
        connection.commit()
    expire(world, user_id)
    with world.acting(user_id) as connection:
        with refused("TK005", "expired"), connection.begin_nested():
            settle(connection, reservation, 10)
        assert figures(connection, user_id) == (100, 40, 0)
        # whoever needs the tokens gets them
        assert adjust(connection, user_id, 90, "debit")["balance_after"] == 10
        assert figures(connection, user_id) == (10, 0, 0)


def test_expired_reservations_return_in_steps(own_world: World) -> None:
    user_id = new_member(own_world)
    give(own_world, user_id, 100)
    with operating(own_world) as connection:
        for _ in range(5):
            reserve(connection, user_id, 10)
        connection.commit()
    expire(own_world, user_id)
    with operating(own_world) as connection:
        reserve(connection, user_id, 10)
        returned = [call(connection, "release_expired_reservations", limit=2) for _ in range(4)]
        assert returned == [2, 2, 1, 0]
        assert figures(connection, user_id) == (100, 10, 0)
        assert verify(connection) == []


def test_only_its_end_gives_back_what_a_reservation_holds(world: World, user_id: uuid.UUID) -> None:
    with world.acting(user_id) as connection:
        reserve(connection, user_id, 40)
        adjust(connection, user_id, 10, "reserve")
        with refused("TK001", "10 available, 11 requested"), connection.begin_nested():
            adjust(connection, user_id, 11, "release")
        adjust(connection, user_id, 10, "release")


@pytest.mark.parametrize("mode", ["monitor", "warn"])
def test_what_runs_short_is_reserved_all_the_same_where_the_policy_lets_it(world: World, mode: str) -> None:
    level_id, user_id = new_level(world, base_allocation=30, enforcement_mode=mode), new_member(world)
    with operating(world) as connection:
        allocate(connection, user_id, level_id)
        reservation = reserve(connection, user_id, 50)
        assert figures(connection, user_id) == (50, 50, 20)
        settle(connection, reservation, 45)
        assert figures(connection, user_id) == (0, 0, 15)
        assert verify(connection) == []


def test_the_same_key_reserves_once(world: World, user_id: uuid.UUID) -> None:
    with world.acting(user_id) as connection:
        first = reserve(connection, user_id, 40, idempotency_key="run 1")
        assert reserve(connection, user_id, 40, idempotency_key="run 1") == first
        assert figures(connection, user_id) == (100, 40, 0)
        with refused("TK002"), connection.begin_nested():
            reserve(connection, user_id, 41, idempotency_key="run 1")


def test_of_ends_at_the_same_instant_one_counts(own_world: World) -> None:
    user_id = new_member(own_world)
    give(own_world, user_id, 100)
    with operating(own_world) as connection:
        reservation = reserve(connection, user_id, 40)
        connection.commit()
    start = threading.Barrier(AT_ONCE)

    def end(number: int) -> str | None:
        try:
            with operating(own_world) as connection:
                start.wait()
                settle(connection, reservation, 10) if number % 2 else release(connection, reservation)
                connection.commit()
        except DBAPIError as error:
            return getattr(error.orig, "sqlstate", None)
        return None

    with ThreadPoolExecutor(AT_ONCE) as threads:
        states = list(threads.map(end, range(AT_ONCE)))
    assert sorted(states, key=str) == [None] + ["TK005"] * (AT_ONCE - 1)
    with own_world.superuser.connect() as connection:
        assert figures(connection, user_id) in {(90, 0, 0), (100, 0, 0)}
        assert verify(connection) == []


def test_a_reservation_is_for_its_member_and_the_admins(world: World, user_id: uuid.UUID) -> None:
    with operating(world) as connection:
        reservation = reserve(connection, user_id, 40)
        connection.commit()
    nobody = {"id": uuid.uuid4()}
    for role in ("member", "viewer"):
        with world.acting(world.members[role]) as connection:
            for known in (reservation, nobody):
                with refused("42501"), connection.begin_nested():
                    settle(connection, known, 1)
            with refused("42501"), connection.begin_nested():
                reserve(connection, user_id, 1)
            with refused("42501"), connection.begin_nested():
                call(connection, "release_expired_reservations")
    # in another tenant there is nothing under its id
    with world.superadmin.connect() as connection, connection.begin():
        connection.execute(text("SELECT set_tenant(:tenant)"), {"tenant": world.b.tenant_id})
        with refused("TK006"):
            settle(connection, reservation, 1)
    with world.acting(world.members["admin"]) as connection:
        with refused("TK006"), connection.begin_nested():
            settle(connection, nobody, 1)
        settle(connection, reservation, 1)


@pytest.mark.parametrize(
    ("amount", "options"), [(0, {}), (-1, {}), (1, {"expires_in": "0"}), (1, {"expires_in": "-1"})]
)
def test_a_nonsensical_reservation_is_refused(world: World, user_id: uuid.UUID, amount: int, options: Json) -> None:
    with world.acting(user_id) as connection, refused("22023"):
        reserve(connection, user_id, amount, **options)


def test_an_execution_reserves_runs_and_settles(world: World, user_id: uuid.UUID) -> None:
    """What an application does around a call of a model."""
    with world.acting(user_id) as connection:
        execution_id = uuid.uuid4()
        reservation = reserve(connection, user_id, 50, execution_id=execution_id, expires_in="10 minutes")
        total_tokens = 37  # what the provider's answer says
        execution = text(
            "INSERT INTO ai_executions (id, model_name, total_tokens, tokens_debited)"
            " VALUES (:id, 'gpt-4o', :tokens, :tokens)"
        )
        connection.execute(execution, {"id": execution_id, "tokens": total_tokens})
        settle(connection, reservation, total_tokens)
        spent = text("SELECT sum(amount) FROM user_token_ledger WHERE execution_id = :id AND direction = 'debit'")
        assert connection.execute(spent, {"id": execution_id}).scalar_one() == total_tokens
        assert figures(connection, user_id) == (63, 0, 0)


# Transfers.


def transfer(connection: Connection, giver: uuid.UUID, taker: uuid.UUID, amount: int, **options: Any) -> Json:
    moved: Json = call(
        connection,
        "transfer_tokens",
        from_user_id=giver, to_user_id=taker, amount=amount, reason="help", **options,
    )  # fmt: skip
    return moved


def test_admins_move_tokens_and_make_none(world: World, user_id: uuid.UUID) -> None:
    other = new_member(world)
    with world.acting(world.members["admin"]) as connection:
        moved = transfer(connection, user_id, other, 30, idempotency_key="help 1")
        assert (moved["from"]["balance_after"], moved["to"]["balance_after"]) == (70, 30)
        assert (moved["from"]["lifetime_after"], moved["to"]["lifetime_after"]) == (100, 0)
        assert transfer(connection, user_id, other, 30, idempotency_key="help 1") == moved
        with refused("TK002"), connection.begin_nested():
            transfer(connection, user_id, other, 31, idempotency_key="help 1")
        with refused("TK001", "70 available, 71 requested"), connection.begin_nested():
            transfer(connection, user_id, other, 71)
        for giver, taker, amount in [(user_id, other, 0), (user_id, other, -1), (user_id, user_id, 1)]:
            with refused("22023"), connection.begin_nested():
                transfer(connection, giver, taker, amount)
        stranger = world.b.rows["users"][0]["id"]
        with refused("23503"), connection.begin_nested():
            transfer(connection, user_id, stranger, 1)
        assert verify(connection) == []
    with world.acting(user_id) as connection, refused("42501"):
        transfer(connection, user_id, other, 1)


def test_transfers_in_both_directions_at_once_do_not_wait_for_each_other(own_world: World) -> None:
    users = [new_member(own_world) for _ in range(2)]
    for user_id in users:
        give(own_world, user_id, 1000)
    start = threading.Barrier(AT_ONCE)

    def swap(number: int) -> None:
        giver, taker = users if number % 2 else reversed(users)
        start.wait()
        for _ in range(10):
            with operating(own_world) as connection:
                transfer(connection, giver, taker, 5)
                connection.commit()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(swap, range(AT_ONCE)))
    with own_world.superuser.connect() as connection:
        assert [figures(connection, user_id) for user_id in users] == [(1000, 0, 0)] * 2
        assert verify(connection) == []
