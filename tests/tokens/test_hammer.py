"""Whatever happens at the same instant, and whoever dies in the middle, no token comes about or gets lost."""

import random
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from tests.models.conftest import World, engine, new_world, on_record
from tests.models.test_reservations import release, reserve, settle
from tests.models.test_tokens import adjust, new_member, verify
from tests.support.servers import Server

CONNECTIONS: Final = 32
CALLS: Final = 12
#: what a call may be refused with: too few tokens, or a reservation that another call ended
EXPECTED: Final = {"TK001", "TK005"}


@pytest.fixture
def own_world(server: Server, migrated_template: str) -> Iterator[World]:
    with new_world(server, migrated_template) as made:
        yield made


def strike(world: World, users: list[uuid.UUID], seed: int, posted: set[str]) -> None:
    """What one connection does, a transaction a call; a call whose connection died is made again, with its key."""
    rng = random.Random(seed)  # noqa: S311
    superadmin = on_record(engine(world.superadmin.url))
    for number in range(CALLS):
        key, user_id, kind = f"{seed}:{number}", rng.choice(users), rng.randrange(4)
        is_aborted, is_doubled = rng.random() < 0.1, rng.random() < 0.1
        while True:
            try:
                with superadmin.begin() as connection:
                    connection.execute(select(func.set_tenant(world.a.tenant_id)))
                    for _ in range(1 + is_doubled):
                        call(connection, user_id, kind, number, key)
                    if is_aborted:
                        connection.rollback()
                if not is_aborted:
                    posted.add(key)
                break
            except OperationalError:
                # killed, and nobody knows whether before or after the commit
                continue
            except DBAPIError as error:
                assert getattr(error.orig, "sqlstate", None) in EXPECTED, error  # noqa: PT017
                break


def call(connection: Connection, user_id: uuid.UUID, kind: int, number: int, key: str) -> None:
    if kind == 0:
        adjust(connection, user_id, 10 + number, "credit", idempotency_key=key)
    elif kind == 1:
        adjust(connection, user_id, 1 + number, "debit", idempotency_key=key)
    else:
        reservation = reserve(connection, user_id, 5, idempotency_key=key)
        if reservation["status"] == "open" and kind == 2:
            settle(connection, reservation, number % 7)
        elif reservation["status"] == "open" and number % 2:
            release(connection, reservation)


def kill(world: World, stopped: threading.Event) -> None:
    """Backends in the middle of whatever they do, until the others are done."""
    victims = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = :login AND datname = current_database() ORDER BY random() LIMIT 3"
    )
    with world.superuser.connect() as connection:
        while not stopped.wait(0.1):
            connection.execute(victims, {"login": world.superadmin.url.username})
            connection.commit()


@pytest.mark.parametrize("wallets", [1, 100])
def test_nothing_is_lost_or_doubled(own_world: World, wallets: int) -> None:
    users = [new_member(own_world) for _ in range(wallets)]
    posted: set[str] = set()
    stopped = threading.Event()
    with ThreadPoolExecutor(CONNECTIONS + 1) as threads:
        killer = threads.submit(kill, own_world, stopped)
        strikes = [threads.submit(strike, own_world, users, seed, posted) for seed in range(CONNECTIONS)]
        wait(strikes)
        stopped.set()
        for each in (*strikes, killer):
            each.result()

    with own_world.superuser.connect() as connection:
        assert verify(connection) == []
        wallet = "FROM user_token_wallets WHERE user_id = ANY (:users)"
        worst = text(
            f"SELECT min(current_tokens), min(current_tokens - reserved_tokens), max(borrowed_tokens) {wallet}"
        )
        assert min(connection.execute(worst, {"users": users}).one()) >= 0
        # what the entries say of themselves is what came before them, one by one
        broken = text(
            "SELECT count(*) FROM (SELECT balance_after, lag(balance_after, 1, 0) OVER following"
            " + CASE direction WHEN 'credit' THEN amount WHEN 'debit' THEN -amount ELSE 0 END AS expected"
            " FROM user_token_ledger WHERE user_id = ANY (:users)"
            " WINDOW following AS (PARTITION BY wallet_id ORDER BY entry_number)) AS chain"
            " WHERE balance_after <> expected"
        )
        assert connection.execute(broken, {"users": users}).scalar_one() == 0
        held = text(
            "SELECT sum(reserved_tokens) - (SELECT coalesce(sum(amount), 0) FROM token_reservations"
            f" WHERE status = 'open' AND user_id = ANY (:users)) {wallet}"
        )
        assert connection.execute(held, {"users": users}).scalar_one() == 0
        keys = text(
            "SELECT idempotency_key FROM user_token_ledger WHERE user_id = ANY (:users) AND idempotency_key IS NOT NULL"
            " UNION ALL SELECT idempotency_key FROM token_reservations WHERE user_id = ANY (:users)"
        )
        found = list(connection.execute(keys, {"users": users}).scalars())
        assert len(found) == len(set(found))
        assert posted <= set(found)
