"""The ledger proves the wallet: neither changes without the other, whoever tries, one entry or many at once."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from tests.models.conftest import World, refused
from tests.models.test_slots import post
from tests.models.test_tokens import (
    AT_ONCE,
    adjust,
    allocate,
    give,
    ledger_of,
    make_due,
    new_level,
    new_member,
    operating,
    reset,
    verify,
    wallet_of,
)

from tenantry.models.roles import OWNER


@pytest.mark.parametrize("role", ["superuser", "owner"])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE user_token_wallets SET current_tokens = current_tokens + 1 WHERE user_id = :user",
        "UPDATE user_token_wallets SET reserved_tokens = 1 WHERE user_id = :user",
        "UPDATE user_token_wallets SET lifetime_tokens = 0 WHERE user_id = :user",
        "UPDATE user_token_wallets SET borrowed_tokens = 1 WHERE user_id = :user",
        # back to what an earlier entry says
        "UPDATE user_token_wallets SET (entry_number, current_tokens) = (1, 10) WHERE user_id = :user",
        "UPDATE user_token_wallets SET entry_number = entry_number + 1 WHERE user_id = :user",
        "INSERT INTO user_token_wallets (tenant_id, user_id, current_tokens) VALUES (:tenant, :other, 1)",
        # entries that do not follow: without a number, skipping one, with a figure that is not the sum
        *(
            "INSERT INTO user_token_ledger (tenant_id, user_id, wallet_id, direction, amount, reason,"
            " entry_number, balance_after, reserved_after, lifetime_after)"
            f" SELECT tenant_id, user_id, id, 'credit', 1, 'forged', {figures}"
            " FROM user_token_wallets WHERE user_id = :user"
            for figures in ("0, 16, 0, 16", "4, 16, 0, 16", "3, 17, 0, 16", "3, 16, 0, 17")
        ),
    ],
)
def test_a_wallet_and_its_ledger_change_together_or_not_at_all(world: World, role: str, change: str) -> None:
    user_id, other = new_member(world), new_member(world)
    for amount in (10, 5):
        give(world, user_id, amount)
    with world.undone() as connection:
        if role == "owner":
            connection.execute(text(f"SET LOCAL ROLE {OWNER}"))
        with refused("TK007"), connection.begin_nested():
            connection.execute(text(change), {"tenant": world.a.tenant_id, "user": user_id, "other": other})


def test_no_entry_comes_twice(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    again = "INSERT INTO user_token_ledger SELECT again.* FROM user_token_ledger AS entry CROSS JOIN"
    again += " jsonb_populate_record(entry, jsonb_build_object('id', uuid7())) AS again WHERE entry.user_id = :user"
    with world.undone() as connection, refused("23505", "entry_number"):
        connection.execute(text(again), {"user": user_id})


def by_hand(connection: Connection, *entries: tuple[uuid.UUID, str, int, int, int, int, int]) -> None:
    """Entries of users' wallets in one statement: direction, amount, number and the figures after."""
    rows = ", ".join(
        f"('{user_id}'::uuid, '{direction}', {', '.join(map(str, numbers))})"
        for user_id, direction, *numbers in entries
    )
    connection.execute(
        text(
            "INSERT INTO user_token_ledger (tenant_id, user_id, wallet_id, reason, direction, amount,"
            " entry_number, balance_after, reserved_after, lifetime_after)"
            " SELECT tenant_id, user_id, id, 'by hand', direction, amount, number, balance, reserved, lifetime"
            f" FROM (VALUES {rows}) AS entry (of_user, direction, amount, number, balance, reserved, lifetime)"
            " JOIN user_token_wallets ON user_id = of_user"
        )
    )


def figures_of(connection: Connection, user_id: uuid.UUID) -> tuple[int, int, int, int]:
    wallet = wallet_of(connection, user_id)
    return wallet.entry_number, wallet.current_tokens, wallet.reserved_tokens, wallet.lifetime_tokens


def test_entries_that_follow_change_their_wallets(world: World) -> None:
    """Or the refusals would prove nothing."""
    one, two = new_member(world), new_member(world)
    give(world, one, 10)
    give(world, two, 20)
    with world.undone() as connection:
        by_hand(connection, (one, "credit", 1, 2, 11, 0, 11))
        assert figures_of(connection, one) == (2, 11, 0, 11)
        by_hand(
            connection,
            (two, "debit", 5, 3, 15, 3, 20),
            (one, "debit", 11, 3, 0, 0, 11),
            (two, "reserve", 3, 2, 20, 3, 20),
        )
        assert figures_of(connection, one) == (3, 0, 0, 11)
        assert figures_of(connection, two) == (3, 15, 3, 20)
        assert verify(connection) == []


@pytest.mark.parametrize(
    "second",
    [
        pytest.param((5, 4, 15, 1, 20), id="skips a number"),
        pytest.param((5, 3, 16, 1, 20), id="is not the sum"),
        pytest.param((5, 3, 15, 2, 20), id="reserves"),
        pytest.param((5, 3, 15, 1, 21), id="makes tokens"),
    ],
)
def test_entries_do_not_follow_where_one_does_not(world: World, second: tuple[int, int, int, int, int]) -> None:
    one, two = new_member(world), new_member(world)
    give(world, one, 10)
    give(world, two, 20)
    with world.undone() as connection, refused("TK007"):
        by_hand(
            connection, (one, "credit", 1, 2, 11, 0, 11), (two, "reserve", 1, 2, 20, 1, 20), (two, "debit", *second)
        )


def test_the_last_entry_does_not_make_up_for_the_one_before(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.undone() as connection, refused("TK007"):
        by_hand(connection, (user_id, "debit", 1, 2, 8, 0, 10), (user_id, "debit", 1, 3, 8, 0, 10))


@pytest.mark.parametrize(("column", "sqlstate"), [("tenant_id", "23503"), ("user_id", "TK007")])
@pytest.mark.parametrize("entries", [1, 2])
def test_an_entry_is_of_its_wallets_tenant_and_user(world: World, column: str, sqlstate: str, entries: int) -> None:
    """The wallet vouches for both."""
    user_id = new_member(world)
    give(world, user_id, 10)
    wrong = {"tenant_id": world.b.tenant_id, "user_id": world.members["admin"]}[column]
    given = {"user": user_id, "wrong": wrong, "entries": entries}
    columns = {"tenant_id": "tenant_id", "user_id": "user_id", column: ":wrong"}
    entry = text(
        "INSERT INTO user_token_ledger (tenant_id, user_id, wallet_id, direction, amount, reason,"
        " entry_number, balance_after, reserved_after, lifetime_after)"
        f" SELECT {columns['tenant_id']}, {columns['user_id']}, id, 'debit', 1, 'by hand', 1 + n, 10 - n, 0, 10"
        " FROM user_token_wallets, generate_series(1, :entries) AS n WHERE user_id = :user"
    )
    with world.undone() as connection, refused(sqlstate):
        connection.execute(entry, given)


def test_a_wallet_with_entries_stays(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.undone() as connection:
        for gone in ("user_token_wallets WHERE user_id = :user", "tenant_users WHERE user_id = :user"):
            with refused("23503"), connection.begin_nested():
                connection.execute(text(f"DELETE FROM {gone}"), {"user": user_id})


def test_no_entry_is_no_change(world: World) -> None:
    with world.undone() as connection:
        connection.execute(text("INSERT INTO user_token_ledger SELECT * FROM user_token_ledger WHERE false"))


# Many that take tokens are one statement, and yet each is what it is alone.


def test_a_batch_continues_each_ledger(world: World) -> None:
    one, two = new_member(world), new_member(world)
    give(world, one, 10)
    give(world, two, 20)
    with world.acting(world.members["admin"]) as connection:
        entries = post(
            connection,
            {"user_id": two, "amount": 5},
            {"user_id": one, "amount": 4, "direction": "reserve", "execution_id": one, "metadata": {"a": 1}},
            {"user_id": two, "amount": 15, "source": "chat", "idempotency_key": "all"},
            {"user_id": one, "amount": 6},
        )
        assert [(entry["entry_number"], entry["balance_after"], entry["reserved_after"]) for entry in entries] == [
            (2, 15, 0), (2, 10, 4), (3, 0, 0), (3, 4, 4),
        ]  # fmt: skip
        assert [entry["source"] for entry in entries] == ["system", "system", "chat", "system"]
        assert (entries[1]["execution_id"], entries[1]["metadata"]) == (str(one), {"a": 1})
        assert adjust(connection, two, 15, "debit", source="chat", idempotency_key="all") == entries[2]
        assert verify(connection) == []


def test_a_key_twice_in_a_batch_posts_once(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    twice = {"user_id": user_id, "amount": 1, "idempotency_key": "twice"}
    with world.acting(user_id) as connection:
        with refused("TK002"), connection.begin_nested():
            post(connection, twice, {**twice, "amount": 2})
        first, second = post(connection, twice, twice)
        assert first == second
        assert ledger_of(connection, user_id) == [("credit", 10), ("debit", 1)]


def test_the_same_batch_at_once_posts_once(own_world: World) -> None:
    users = [new_member(own_world) for _ in range(3)]
    for each in users:
        give(own_world, each, 10)
    batch = [{"user_id": each, "amount": 1, "idempotency_key": f"once {each}"} for each in users]

    # an admin, so that the batch is one statement
    context = own_world.key.token(own_world.a.tenant_id, own_world.members["admin"])

    def strike(_: int) -> Any:
        with own_world.application.begin() as connection:
            connection.execute(select(func.set_config("tenantry.context", context, True)))
            return post(connection, *batch)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        first, *others = threads.map(strike, range(AT_ONCE))
    assert all(posted == first for posted in others)
    with own_world.superuser.connect() as connection:
        assert {wallet_of(connection, each).current_tokens for each in users} == {9}


# A month begins with its entries.


def test_only_a_month_begins_a_month(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    make_due(world, user_id)
    with world.acting(user_id) as connection:
        due = wallet_of(connection, user_id).next_reset_at
        adjust(connection, user_id, 1, "debit", source="reset")
        post(connection, {"user_id": user_id, "amount": 1, "source": "reset"}, {"user_id": user_id, "amount": 1})
        assert wallet_of(connection, user_id).next_reset_at == due


@pytest.mark.parametrize("allocation", [100, 70, 0])
def test_a_month_takes_on_what_the_policy_says_by_then(own_world: World, allocation: int) -> None:
    """Also where it brings nothing, and nothing is left."""
    level_id = new_level(own_world, allocation_mode="monthly", monthly_allocation=100)
    user_id = new_member(own_world)
    with operating(own_world) as connection:
        credited = allocate(connection, user_id, level_id)["current_tokens"]
        adjust(connection, user_id, credited, "debit")
        connection.commit()
    make_due(own_world, user_id)
    with own_world.superuser.begin() as connection:
        change = text("UPDATE level_token_policies SET monthly_allocation = :allocation WHERE level_id = :level")
        connection.execute(change, {"allocation": allocation, "level": level_id})
    with operating(own_world) as connection:
        assert reset(connection) == 1
        wallet = wallet_of(connection, user_id)
        assert (wallet.current_tokens, wallet.monthly_allocation_tokens) == (allocation, allocation)
        assert wallet.last_reset_at is not None
        assert reset(connection) == 0
        assert verify(connection) == []


# Whoever gets round it is found.


def test_a_wallet_that_was_tampered_with_is_found(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.undone() as connection:
        assert verify(connection) == []
        wallet = wallet_of(connection, user_id)
        # what only a superuser does: every trigger is off
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("UPDATE user_token_wallets SET current_tokens = 11 WHERE id = :wallet"), {"wallet": wallet.id}
        )
        assert verify(connection) == [wallet.id]
        assert verify(connection, world.a.tenant_id) == [wallet.id]
        assert verify(connection, world.b.tenant_id) == []


@pytest.mark.parametrize("role", ["superuser", "superadmin", "application"])
@pytest.mark.parametrize("change", ["UPDATE {} SET amount = 2", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_nobody_rewrites_the_ledger(world: World, role: str, change: str) -> None:
    with getattr(world, role).connect() as connection, refused("42501"):
        connection.execute(text(change.format("user_token_ledger")))
