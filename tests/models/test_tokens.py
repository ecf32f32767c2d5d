"""Tokens: every figure of a wallet is in its ledger, nothing goes below zero, also with many at the same instant."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import World, refused

from tenantry.models import LedgerEntry, Wallet
from tenantry.models.roles import APPLICATION, SUPERADMIN

Json = dict[str, Any]
AT_ONCE = 8


def adjust(connection: Connection, user_id: uuid.UUID, amount: int, direction: str, **options: Any) -> Json:
    given = "".join(f", p_{name} => :{name}" for name in options)
    entry: Json = connection.execute(
        text(f"SELECT adjust_user_tokens(:user, :amount, :direction, :reason{given})"),
        {"user": user_id, "amount": amount, "direction": direction, "reason": "test", **options},
    ).scalar_one()
    return entry


def allocate(connection: Connection, user_id: uuid.UUID, level_id: uuid.UUID) -> Json:
    wallet: Json = connection.execute(select(func.auto_allocate_tokens_for_level(user_id, level_id))).scalar_one()
    return wallet


def reset(connection: Connection) -> int:
    return int(connection.execute(select(func.reset_monthly_tokens())).scalar_one())


def wallet_of(connection: Connection, user_id: uuid.UUID) -> Any:
    return connection.execute(select(Wallet.__table__).where(Wallet.user_id == user_id)).one()


def ledger_of(connection: Connection, user_id: uuid.UUID) -> list[tuple[str, int]]:
    query = select(LedgerEntry.direction, LedgerEntry.amount).where(LedgerEntry.user_id == user_id)
    return [(str(direction), amount) for direction, amount in connection.execute(query.order_by(LedgerEntry.id))]


def new_level(world: World, **policy: Any) -> uuid.UUID:
    """A level of tenant A with a token policy."""
    level_id = uuid.uuid4()
    values = {"tenant": world.a.tenant_id, "level": level_id, "slug": level_id.hex, **policy}
    columns = ", ".join(policy)
    places = ", ".join(f":{name}" for name in policy)
    with world.superuser.begin() as connection:
        connection.execute(
            text("INSERT INTO levels (tenant_id, id, name, slug) VALUES (:tenant, :level, :slug, :slug)"), values
        )
        connection.execute(
            text(
                f"INSERT INTO level_token_policies (tenant_id, level_id, {columns}) VALUES (:tenant, :level, {places})"
            ),
            values,
        )
    return level_id


def new_member(world: World, role: str = "member") -> uuid.UUID:
    with world.superuser.begin() as connection:
        return world.a.new_member(connection, role)


@contextmanager
def operating(world: World) -> Iterator[Connection]:
    """What the back office does in tenant A, undone at the end unless it is committed."""
    with world.superadmin.connect() as connection:
        connection.execute(select(func.set_tenant(world.a.tenant_id)))
        yield connection
        connection.rollback()


def give(world: World, user_id: uuid.UUID, amount: int) -> None:
    """Tokens to work with, for good."""
    with world.superadmin.begin() as connection:
        connection.execute(select(func.set_tenant(world.a.tenant_id)))
        adjust(connection, user_id, amount, "credit")


def make_due(world: World, user_id: uuid.UUID) -> None:
    """As if the month had passed."""
    change = text("UPDATE user_token_wallets SET next_reset_at = now() - interval '1 day' WHERE user_id = :user")
    with world.superuser.begin() as connection:
        connection.execute(change, {"user": user_id})


def test_a_change_returns_its_ledger_entry(world: World) -> None:
    user_id = world.members["member"]
    with operating(world) as connection:
        entry = adjust(connection, user_id, 100, "credit")
        assert entry["user_id"] == str(user_id)
        assert entry["tenant_id"] == str(world.a.tenant_id)
        assert (entry["direction"], entry["amount"], entry["source"]) == ("credit", 100, "system")
        assert (entry["balance_after"], entry["reserved_after"], entry["lifetime_after"]) == (100, 0, 100)
        assert adjust(connection, user_id, 30, "reserve")["reserved_after"] == 30
        assert adjust(connection, user_id, 70, "debit")["balance_after"] == 30
        assert adjust(connection, user_id, 30, "release")["reserved_after"] == 0
        assert adjust(connection, user_id, -10, "adjustment")["balance_after"] == 20
        wallet = wallet_of(connection, user_id)
        assert (wallet.current_tokens, wallet.reserved_tokens, wallet.lifetime_tokens) == (20, 0, 100)


@pytest.mark.parametrize(
    ("direction", "amount", "available"),
    [("debit", 71, 70), ("reserve", 71, 70), ("release", 31, 30), ("adjustment", -71, 70)],
)
def test_nothing_goes_below_zero(world: World, direction: str, amount: int, available: int) -> None:
    user_id = world.members["member"]
    with operating(world) as connection:
        adjust(connection, user_id, 100, "credit")
        adjust(connection, user_id, 30, "reserve")
        with refused("TK001", f"{available} available, {abs(amount)} requested"), connection.begin_nested():
            adjust(connection, user_id, amount, direction)
        assert wallet_of(connection, user_id).current_tokens == 100


@pytest.mark.parametrize(("direction", "amount"), [("credit", 0), ("debit", -1), ("adjustment", 0), ("steal", 1)])
def test_a_nonsensical_amount_is_refused(world: World, direction: str, amount: int) -> None:
    with operating(world) as connection, refused("22023"):
        adjust(connection, world.members["member"], amount, direction)


def test_a_member_moves_only_his_own_and_never_credits_himself(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.acting(user_id) as connection:
        assert adjust(connection, user_id, 4, "debit")["balance_after"] == 6
        for victim, amount, direction in [
            (user_id, 1, "credit"),
            (user_id, 1, "adjustment"),
            (world.members["owner"], 1, "debit"),
        ]:
            with refused("42501"), connection.begin_nested():
                adjust(connection, victim, amount, direction)


def test_a_viewer_moves_nothing(world: World) -> None:
    viewer = world.members["viewer"]
    with world.acting(viewer) as connection, refused("42501"):
        adjust(connection, viewer, 1, "debit")


def test_a_tenant_admin_has_no_power_over_another_tenant(world: World) -> None:
    stranger = world.b.rows["users"][0]["id"]
    with world.acting(world.members["owner"]) as connection, refused("23503"):
        adjust(connection, stranger, 1, "debit")
    with operating(world) as connection, refused("23503"):
        adjust(connection, stranger, 1, "credit")


def test_tokens_need_a_tenant(world: World) -> None:
    with world.superadmin.begin() as connection, refused("28000"):
        adjust(connection, world.members["member"], 1, "credit")


def test_a_locked_wallet_gives_nothing_out(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.superuser.begin() as connection:
        connection.execute(text("UPDATE user_token_wallets SET status = 'locked' WHERE user_id = :u"), {"u": user_id})
    with world.acting(user_id) as connection, refused("TK003"):
        adjust(connection, user_id, 1, "debit")


def test_many_debits_at_once_are_exact(own_world: World) -> None:
    """Also the first of them, which make the wallet."""
    user_id = new_member(own_world, "admin")

    def move(_: int) -> int:
        done = 0
        for direction in ("credit", "debit", "debit"):
            with own_world.superadmin.begin() as connection:
                connection.execute(select(func.set_tenant(own_world.a.tenant_id)))
                try:
                    with connection.begin_nested():
                        adjust(connection, user_id, 10, direction)
                except DBAPIError as error:
                    if not isinstance(error.orig, psycopg.Error) or error.orig.sqlstate != "TK001":
                        raise
                else:
                    done += 10 if direction == "credit" else -10
        return done

    with ThreadPoolExecutor(AT_ONCE) as threads:
        balance = sum(threads.map(move, range(AT_ONCE)))
    with own_world.superuser.connect() as connection:
        wallet = wallet_of(connection, user_id)
        entries = ledger_of(connection, user_id)
    assert wallet.current_tokens == balance
    assert wallet.lifetime_tokens == 10 * AT_ONCE
    assert balance == sum(amount if direction == "credit" else -amount for direction, amount in entries)


def test_owners_and_admins_use_tokens_and_make_none(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    for role in ("owner", "admin"):
        with world.acting(world.members[role]) as connection:
            for amount, direction in [(3, "debit"), (2, "reserve"), (1, "release"), (-1, "adjustment")]:
                adjust(connection, user_id, amount, direction)
            for amount, direction in [(1, "credit"), (1, "adjustment")]:
                with refused("42501"), connection.begin_nested():
                    adjust(connection, user_id, amount, direction)


# Retries.


def test_the_same_key_posts_once(world: World) -> None:
    user_id = new_member(world)
    give(world, user_id, 10)
    with world.acting(user_id) as connection:
        first = adjust(connection, user_id, 4, "debit", idempotency_key="run 1")
        adjust(connection, user_id, 1, "debit")
        assert adjust(connection, user_id, 4, "debit", idempotency_key="run 1") == first
        assert wallet_of(connection, user_id).current_tokens == 5


@pytest.mark.parametrize(
    ("direction", "amount", "options"),
    [
        ("debit", 5, {}),
        ("reserve", 4, {}),
        ("debit", 4, {"source": "elsewhere"}),
        ("debit", 4, {"reference_type": "run"}),
        ("debit", 4, {"reference_id": uuid.UUID(int=1)}),
        ("debit", 4, {"execution_id": uuid.UUID(int=1)}),
        ("debit", 4, {"metadata": '{"a": 1}'}),
    ],
)
def test_the_same_key_with_other_arguments_is_an_error(
    world: World, direction: str, amount: int, options: Json
) -> None:
    user_id = world.members["member"]
    with operating(world) as connection:
        adjust(connection, user_id, 100, "credit")
        adjust(connection, user_id, 4, "debit", idempotency_key="run 1")
        with refused("TK002", "run 1"), connection.begin_nested():
            adjust(connection, user_id, amount, direction, idempotency_key="run 1", **options)
        with refused("TK002", "run 1"), connection.begin_nested():
            adjust(connection, new_member(world), 4, "debit", idempotency_key="run 1")
        assert wallet_of(connection, user_id).current_tokens == 96


def test_tenants_have_keys_of_their_own(world: World) -> None:
    stranger = world.b.rows["user_token_wallets"][0]["user_id"]
    with operating(world) as connection:
        adjust(connection, world.members["member"], 1, "credit", idempotency_key="run 1")
        connection.execute(select(func.set_tenant(world.b.tenant_id)))
        assert adjust(connection, stranger, 2, "credit", idempotency_key="run 1")["amount"] == 2


def test_retries_at_once_post_once(own_world: World) -> None:
    """Also where each of them is for a wallet of its own: then one is right and the others are errors."""
    user_id = new_member(own_world)
    give(own_world, user_id, 100)
    others = [new_member(own_world) for _ in range(AT_ONCE)]
    start = threading.Barrier(AT_ONCE)

    def retry(number: int) -> tuple[str, str | None]:
        with own_world.superadmin.begin() as connection:
            connection.execute(select(func.set_tenant(own_world.a.tenant_id)))
            start.wait()
            entry = adjust(connection, user_id, 1, "debit", idempotency_key="same wallet")["id"]
            try:
                with connection.begin_nested():
                    adjust(connection, others[number], 1, "credit", idempotency_key="other wallets")
            except DBAPIError as error:
                return entry, getattr(error.orig, "sqlstate", None)
            return entry, None

    with ThreadPoolExecutor(AT_ONCE) as threads:
        entries, states = zip(*threads.map(retry, range(AT_ONCE)), strict=True)
    assert len(set(entries)) == 1
    assert sorted(states, key=str) == [None] + ["TK002"] * (AT_ONCE - 1)
    with own_world.superuser.connect() as connection:
        assert wallet_of(connection, user_id).current_tokens == 99


def test_an_expected_level_is_the_wallets(world: World) -> None:
    level_id, user_id = new_level(world, base_allocation=500, enforcement_mode="hard"), new_member(world)
    with operating(world) as connection:
        with refused("TK004"), connection.begin_nested():
            adjust(connection, user_id, 1, "credit", expected_level_id=level_id)
        allocate(connection, user_id, level_id)
        adjust(connection, user_id, 1, "debit", expected_level_id=level_id)
        with refused("TK004"), connection.begin_nested():
            adjust(connection, user_id, 1, "debit", expected_level_id=uuid.uuid4())


# What happens when tokens run short is the policy's to say.


@pytest.mark.parametrize("mode", ["monitor", "warn"])
def test_what_is_short_is_borrowed(world: World, mode: str) -> None:
    level_id, user_id = new_level(world, base_allocation=100, enforcement_mode=mode), new_member(world)
    with operating(world) as connection:
        allocate(connection, user_id, level_id)

        def moved(amount: int, direction: str) -> tuple[int, int, int, str | None]:
            entry = adjust(connection, user_id, amount, direction)
            figures = entry["balance_after"], entry["reserved_after"], entry["borrowed_after"]
            return *figures, entry["enforcement_mode"]

        assert moved(30, "reserve") == (100, 30, 0, None)
        assert moved(90, "debit") == (30, 30, 20, mode)
        assert moved(10, "reserve") == (40, 40, 30, mode)
        assert moved(40, "release") == (10, 0, 0, None)
        assert moved(15, "debit") == (0, 0, 5, mode)
        assert moved(3, "credit") == (0, 0, 2, None)
        assert moved(3, "credit") == (1, 0, 0, None)
        for amount, direction in [(1, "release"), (-2, "adjustment")]:
            with refused("TK001"), connection.begin_nested():
                adjust(connection, user_id, amount, direction)
        assert verify(connection) == []


def test_the_users_own_policy_decides_what_is_refused(world: World) -> None:
    level_id, user_id = new_level(world, base_allocation=1, enforcement_mode="monitor"), new_member(world)
    own = text("INSERT INTO user_token_policies (tenant_id, user_id, enforcement_mode) VALUES (:tenant, :user, 'hard')")
    with operating(world) as connection:
        connection.execute(own, {"tenant": world.a.tenant_id, "user": user_id})
        allocate(connection, user_id, level_id)
        with refused("TK001", "1 available, 2 requested"):
            adjust(connection, user_id, 2, "debit")


def verify(connection: Connection, tenant_id: uuid.UUID | None = None) -> list[uuid.UUID]:
    """The wallets that are not what their ledger says."""
    query = text("SELECT wallet_id FROM verify_token_ledger(:tenant)")
    return list(connection.execute(query, {"tenant": tenant_id}).scalars())


def test_a_lifetime_allocation_comes_once(world: World) -> None:
    level_id, user_id = new_level(world, base_allocation=500), new_member(world)
    with world.acting(world.members["admin"]) as connection:
        assert allocate(connection, user_id, level_id)["current_tokens"] == 500
        assert allocate(connection, user_id, level_id)["current_tokens"] == 500
        assert wallet_of(connection, user_id).level_id == level_id
        assert ledger_of(connection, user_id) == [("credit", 500)]


def test_a_monthly_allocation_is_what_the_month_brings(world: World) -> None:
    small = new_level(world, allocation_mode="monthly", monthly_allocation=100)
    large = new_level(world, allocation_mode="monthly", monthly_allocation=300)
    user_id = new_member(world)
    with world.acting(world.members["admin"]) as connection:
        wallet = allocate(connection, user_id, small)
        assert (wallet["current_tokens"], wallet["monthly_allocation_tokens"]) == (100, 100)
        adjust(connection, user_id, 60, "debit")
        for level_id in (small, large, small, large):
            wallet = allocate(connection, user_id, level_id)
        assert (wallet["current_tokens"], wallet["monthly_allocation_tokens"]) == (240, 300)
        assert ledger_of(connection, user_id) == [("credit", 100), ("debit", 60), ("credit", 200)]


def test_the_users_own_policy_takes_precedence(world: World) -> None:
    level_id, user_id = new_level(world, base_allocation=500), new_member(world)
    own = text("INSERT INTO user_token_policies (user_id, base_allocation) VALUES (:user, 900)")
    with world.acting(world.members["admin"]) as connection:
        connection.execute(own, {"user": user_id})
        assert allocate(connection, user_id, level_id)["current_tokens"] == 900


def test_only_admins_allocate(world: World) -> None:
    level_id = new_level(world, base_allocation=500)
    member = world.members["member"]
    with world.acting(member) as connection:
        with refused("42501"), connection.begin_nested():
            allocate(connection, member, level_id)
        with refused("42501"), connection.begin_nested():
            reset(connection)


def test_a_level_without_policy_allocates_nothing(world: World) -> None:
    with world.acting(world.members["admin"]) as connection, refused("P0002"):
        allocate(connection, world.members["member"], uuid.uuid4())


@pytest.mark.parametrize(
    ("policy", "left", "after"),
    [
        ({"rollover_percent": 0}, 40, 100),
        ({"rollover_percent": 50}, 40, 120),
        ({"rollover_percent": 33}, 40, 113),
        ({"rollover_percent": 100, "monthly_cap": 130}, 40, 130),
        ({"rollover_percent": 100, "monthly_cap": 30}, 30, 30),
    ],
)
def test_the_month_rolls_over_once(own_world: World, policy: Json, left: int, after: int) -> None:
    level_id = new_level(own_world, allocation_mode="monthly", monthly_allocation=100, **policy)
    user_id, admin = new_member(own_world), own_world.members["admin"]
    with own_world.superadmin.begin() as connection:
        connection.execute(select(func.set_tenant(own_world.a.tenant_id)))
        credited = allocate(connection, user_id, level_id)["current_tokens"]
        if credited > left:
            adjust(connection, user_id, credited - left, "debit")
    make_due(own_world, user_id)
    with own_world.acting(admin) as connection:
        assert reset(connection) >= 1
        wallet = wallet_of(connection, user_id)
        assert wallet.current_tokens == after
        first = connection.execute(text("SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month'"))
        assert wallet.next_reset_at.replace(tzinfo=None) == first.scalar_one()
        signs = {"credit": 1, "debit": -1, "adjustment": 1}
        assert sum(signs[direction] * amount for direction, amount in ledger_of(connection, user_id)) == after
        before = ledger_of(connection, user_id)
        assert reset(connection) == 0
        assert ledger_of(connection, user_id) == before


def test_reserved_tokens_survive_the_month(world: World) -> None:
    level_id = new_level(world, allocation_mode="monthly", monthly_allocation=100)
    user_id = new_member(world)
    with world.superadmin.begin() as connection:
        connection.execute(select(func.set_tenant(world.a.tenant_id)))
        allocate(connection, user_id, level_id)
        adjust(connection, user_id, 20, "reserve")
    make_due(world, user_id)
    with world.acting(world.members["admin"]) as connection:
        reset(connection)
        wallet = wallet_of(connection, user_id)
        assert (wallet.current_tokens, wallet.reserved_tokens) == (120, 20)


def test_a_tenant_admin_resets_his_tenant_and_the_superadmin_all(own_world: World) -> None:
    def due(world: World) -> list[uuid.UUID]:
        query = text("SELECT tenant_id FROM user_token_wallets WHERE next_reset_at <= now()")
        with world.superuser.connect() as connection:
            return list(connection.execute(query).scalars())

    with own_world.superuser.begin() as connection:
        connection.execute(text("UPDATE user_token_wallets SET next_reset_at = '2020-01-01'"))
    everything = len(due(own_world))
    with own_world.application.begin() as connection:
        token = own_world.key.token(own_world.a.tenant_id, own_world.members["admin"])
        connection.execute(select(func.set_config("tenantry.context", token, True)))
        assert 0 < reset(connection) < everything
    assert set(due(own_world)) == {own_world.b.tenant_id}
    with own_world.superadmin.begin() as connection:
        assert reset(connection) == len(due(own_world))
    assert due(own_world) == []


def test_a_reset_goes_on_where_the_last_one_stopped(own_world: World) -> None:
    level_id = new_level(own_world, allocation_mode="monthly", monthly_allocation=100)
    users = [new_member(own_world) for _ in range(5)]
    with operating(own_world) as connection:
        for user_id in users:
            allocate(connection, user_id, level_id)
        connection.commit()
    for user_id in users:
        make_due(own_world, user_id)
    with operating(own_world) as connection:
        counts = [int(connection.execute(select(func.reset_monthly_tokens(2))).scalar_one()) for _ in range(4)]
        assert counts == [2, 2, 1, 0]
        assert {wallet_of(connection, user_id).current_tokens for user_id in users} == {100}
        assert {wallet_of(connection, user_id).lifetime_tokens for user_id in users} == {200}
        assert verify(connection) == []


def test_what_was_borrowed_is_paid_back_by_the_month(own_world: World) -> None:
    policy = {"allocation_mode": "monthly", "monthly_allocation": 100, "enforcement_mode": "monitor"}
    level_id, user_id = new_level(own_world, **policy), new_member(own_world)
    with operating(own_world) as connection:
        allocate(connection, user_id, level_id)
        adjust(connection, user_id, 20, "reserve")
        adjust(connection, user_id, 110, "debit")
        connection.commit()
    make_due(own_world, user_id)
    with operating(own_world) as connection:
        assert reset(connection) == 1
        wallet = wallet_of(connection, user_id)
        assert (wallet.current_tokens, wallet.reserved_tokens, wallet.borrowed_tokens) == (90, 20, 0)
        assert verify(connection) == []


def test_resets_at_once_reset_once(own_world: World) -> None:
    with own_world.superuser.begin() as connection:
        connection.execute(text("UPDATE user_token_wallets SET next_reset_at = '2020-01-01'"))
        wallets = connection.execute(select(func.count()).select_from(Wallet)).scalar_one()
    start = threading.Barrier(AT_ONCE)

    def one(_: int) -> int:
        with own_world.superadmin.begin() as connection:
            start.wait()
            return reset(connection)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        assert sum(threads.map(one, range(AT_ONCE))) == wallets


STEPS = {
    "account_for_lots", "adjust_any_wallet", "allocate_once", "allocate_rest_of_month", "authorize_tokens",
    "begin_months", "choose_slot", "end_token_reservation", "expire_lots", "free_tokens", "gather_slots", "lock_slot",
    "lock_wallet", "may_take_tokens", "post_tokens",
}  # fmt: skip


def test_steps_are_for_the_owner_alone(world: World) -> None:
    steps = text("SELECT lock_wallet(:tenant, :user, 0)")
    for engine in (world.application, world.superadmin):
        with engine.connect() as connection, refused("42501"):
            connection.execute(steps, {"tenant": world.a.tenant_id, "user": world.members["member"]})


@pytest.mark.parametrize("role", [APPLICATION, SUPERADMIN])
def test_no_step_is_left_open(world: World, role: str) -> None:
    closed = text(
        "SELECT proname FROM pg_proc WHERE proname = ANY(:steps) AND NOT has_function_privilege(:role, oid, 'execute')"
    )
    with world.superuser.connect() as connection:
        assert set(connection.scalars(closed, {"role": role, "steps": sorted(STEPS)})) == STEPS
