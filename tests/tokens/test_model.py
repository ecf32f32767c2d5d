"""Whatever is called in whatever order, the wallet in the database is what a plain one is."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import World, world
from tests.models.test_reservations import call, release, reserve, settle
from tests.models.test_tokens import adjust, allocate, new_level, new_member, verify
from tests.tokens.plain_wallet import RANKS, PlainWallet, Refused

__all__ = ["world"]

AMOUNTS = st.integers(1, 60)
BEGINNING = datetime.now(UTC)


class Wallets(RuleBasedStateMachine):
    """Each call goes to both; both do it, or both refuse it."""

    reservations = Bundle("reservations")

    def __init__(self, world: World, borrowing_level: uuid.UUID, user_id: uuid.UUID) -> None:
        super().__init__()
        self.world, self.borrowing_level, self.user_id = world, borrowing_level, user_id
        # undone at the end; a superuser may do all of it, also let time pass
        self.connection: Connection = world.superuser.connect()
        self.connection.execute(select(func.set_tenant(world.a.tenant_id)))
        self.model = PlainWallet(borrows=False)
        self.is_spread = False
        self.calls = 0

    def teardown(self) -> None:
        self.connection.rollback()
        self.connection.close()

    def both(self, plain: Callable[[], None], real: Callable[[], Any]) -> Any:
        """What the database returns, or None where both refuse."""
        self.model.sweep()
        attempt = self.connection.begin_nested()
        try:
            done = real()
        except DBAPIError as error:
            assert getattr(error.orig, "sqlstate", None) == "TK001", error  # noqa: PT017
            attempt.rollback()
            with pytest.raises(Refused):
                plain()
            return None
        attempt.commit()
        plain()
        return done

    def adjust(self, amount: int, direction: str, plain: Callable[[], None], **options: Any) -> None:
        """Twice, with a key: the second call changes nothing."""
        self.calls += 1
        key = str(self.calls)

        def real() -> Any:
            return adjust(self.connection, self.user_id, amount, direction, idempotency_key=key, **options)

        done = self.both(plain, real)
        if done is not None:
            assert real() == done

    @initialize(borrows=st.booleans())
    def begin(self, borrows: bool) -> None:
        self.model.borrows = borrows
        if borrows:
            allocate(self.connection, self.user_id, self.borrowing_level)

    @rule(amount=AMOUNTS)
    def credit(self, amount: int) -> None:
        self.adjust(amount, "credit", lambda: self.model.credit(amount))

    @precondition(lambda self: not self.is_spread)
    @rule(amount=AMOUNTS, days=st.integers(1, 3), source=st.sampled_from(sorted(RANKS)))
    def credit_that_expires(self, amount: int, days: int, source: str) -> None:
        self.adjust(
            amount, "credit", lambda: self.model.credit(amount, days, source),
            expires_at=BEGINNING + timedelta(days=days), source=source,
        )  # fmt: skip

    @rule(amount=AMOUNTS)
    def debit(self, amount: int) -> None:
        self.adjust(amount, "debit", lambda: self.model.debit(amount))

    @rule(amount=st.integers(-60, 60).filter(bool))
    def adjustment(self, amount: int) -> None:
        self.adjust(amount, "adjustment", lambda: self.model.adjust(amount))

    @rule(amount=AMOUNTS)
    def reserve_by_hand(self, amount: int) -> None:
        self.adjust(amount, "reserve", lambda: self.model.reserve(amount))

    @rule(amount=AMOUNTS)
    def release_by_hand(self, amount: int) -> None:
        self.adjust(amount, "release", lambda: self.model.release(amount))

    @rule(target=reservations, amount=AMOUNTS)
    def reserve(self, amount: int) -> Any:
        self.calls += 1
        key = str(self.calls)
        made = self.both(
            lambda: self.model.reserve(amount, key),
            lambda: reserve(self.connection, self.user_id, amount, idempotency_key=key),
        )
        return multiple() if made is None else made

    @rule(reservation=reservations, used=st.integers(0, 80))
    def settle(self, reservation: Any, used: int) -> None:
        key = reservation["idempotency_key"]
        if key in self.model.held:
            self.both(
                lambda: self.model.settle(key, used),
                lambda: settle(self.connection, reservation, used),
            )

    @rule(reservation=reservations)
    def release(self, reservation: Any) -> None:
        key = reservation["idempotency_key"]
        if key in self.model.held:
            self.both(lambda: self.model.settle(key, 0), lambda: release(self.connection, reservation))

    @precondition(lambda self: any(lot.expires > 0 for lot in self.model.lots))
    @rule(number=st.integers(0, 100))
    def let_expire(self, number: int) -> None:
        places = [place for place, lot in enumerate(self.model.lots) if lot.expires > 0]
        place = places[number % len(places)]
        self.model.expire(self.model.lots[place])
        query = text(
            "UPDATE token_lots SET expires_at = clock_timestamp() WHERE id ="
            " (SELECT id FROM token_lots WHERE user_id = :user ORDER BY id OFFSET :place LIMIT 1)"
        )
        self.connection.execute(query, {"user": self.user_id, "place": place})

    # what is borrowed and what expires stays in slot 0, which the plain wallet knows nothing of
    @precondition(lambda self: not self.model.borrows and not self.model.lots)
    @rule(slots=st.integers(1, 4))
    def spread(self, slots: int) -> None:
        attempt = self.connection.begin_nested()
        try:
            call(self.connection, "spread_user_tokens", user_id=self.user_id, slots=slots)
        except DBAPIError as error:
            assert getattr(error.orig, "sqlstate", None) == "55000", error  # noqa: PT017
            attempt.rollback()
        else:
            attempt.commit()
            self.is_spread = True

    @invariant()
    def they_are_the_same(self) -> None:
        self.model.sweep()
        call(self.connection, "expire_credits")
        query = text(
            "SELECT coalesce(sum(current_tokens), 0), coalesce(sum(reserved_tokens), 0),"
            " coalesce(sum(borrowed_tokens), 0), coalesce(sum(lifetime_tokens), 0),"
            " coalesce(min(current_tokens - reserved_tokens), 0) >= 0"
            " FROM user_token_wallets WHERE user_id = :user"
        )
        plain = self.model
        expected = (plain.balance, plain.reserved, plain.borrowed, plain.lifetime, True)
        assert self.connection.execute(query, {"user": self.user_id}).one() == expected
        left = text("SELECT remaining_tokens FROM token_lots WHERE user_id = :user ORDER BY id")
        found = list(self.connection.execute(left, {"user": self.user_id}).scalars())
        assert found == [lot.remaining for lot in plain.lots]
        assert verify(self.connection, self.world.a.tenant_id) == []


def test_the_wallet_is_what_a_plain_one_is(world: World) -> None:
    level_id = new_level(world, enforcement_mode="monitor")
    user_id = new_member(world)
    run_state_machine_as_test(
        lambda: Wallets(world, level_id, user_id),  # type: ignore[arg-type]
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
