"""Whatever happens at the same instant, and whoever dies in the middle, no token comes about or gets lost."""

import random
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

import psycopg
import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from tests.models.conftest import World, engine, new_world, on_record
from tests.models.test_reservations import release, reserve, settle
from tests.models.test_tokens import adjust, operating, verify
from tests.support.databases import ensure_migrated
from tests.support.servers import Server, server_to_kill

from tenantry.runtime.local_server import LocalServer

CONNECTIONS: Final = 32
CALLS: Final = 12
#: what a call may be refused with: too few tokens, or a reservation that another call ended
EXPECTED: Final = {"TK001", "TK005"}
WALLETS: Final = [1, 1000]
#: what a connection dies of, in a statement or while it is made
DIED: Final = (OperationalError, psycopg.OperationalError)

Killer = Callable[[World, threading.Event, threading.Event], None]


@pytest.fixture
def own_world(server: Server, migrated_template: str) -> Iterator[World]:
    with new_world(server, migrated_template) as made:
        yield made


def operator(world: World, is_up: threading.Event) -> Engine:
    """An engine of the back office's; whoever dies before he is on record tries again."""
    while True:
        try:
            return on_record(engine(world.superadmin.url))
        except DIED:
            is_up.wait()


def strike(world: World, users: list[uuid.UUID], seed: int, posted: set[str], is_up: threading.Event) -> None:
    """What one connection does, a transaction a call; a call whose connection died is made again, with its key."""
    rng = random.Random(seed)  # noqa: S311
    superadmin = operator(world, is_up)
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
            except DIED:
                # killed, and nobody knows whether before or after the commit
                is_up.wait()
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


def kill_backends(world: World, stopped: threading.Event, _: threading.Event) -> None:
    """In the middle of whatever they do, until the others are done."""
    victims = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE usename = :login AND datname = current_database() ORDER BY random() LIMIT 3"
    )
    with world.superuser.connect() as connection:
        while not stopped.wait(0.1):
            connection.execute(victims, {"login": world.superadmin.url.username})
            connection.commit()


@pytest.mark.parametrize("wallets", WALLETS)
def test_nothing_is_lost_or_doubled(own_world: World, wallets: int) -> None:
    users = new_members(own_world, wallets)
    prove(own_world, users, hammer(own_world, users, kill_backends))


def test_nothing_is_lost_or_doubled_in_slots(own_world: World) -> None:
    users = new_members(own_world, 1)
    with operating(own_world) as connection:
        connection.execute(select(func.spread_user_tokens(users[0], 8)))
        connection.commit()
    prove(own_world, users, hammer(own_world, users, kill_backends))


@pytest.mark.parametrize("wallets", WALLETS)
def test_nothing_is_lost_or_doubled_when_the_server_itself_dies(wallets: int) -> None:
    """What was committed is there when it comes back, and nothing else."""
    with server_to_kill() as server:
        running = Server.at(server.url())
        ensure_migrated(running, "template_of_its_own")
        with new_world(running, "template_of_its_own") as made:
            users = new_members(made, wallets)
            prove(made, users, hammer(made, users, killer_of(server)))


def killer_of(server: LocalServer) -> Killer:
    """Immediate shutdowns: no checkpoint, no farewell, and a recovery at each start."""

    def kill_server(world: World, stopped: threading.Event, is_up: threading.Event) -> None:
        for _ in range(3):
            # once some more entries are there
            with world.superuser.connect() as connection:
                begun = entries(connection)
                while not stopped.is_set() and entries(connection) < begun + CONNECTIONS:
                    connection.rollback()
            is_up.clear()
            server._run("pg_ctl", "-D", str(server.data), "-w", "-m", "immediate", "stop")
            world.superuser.dispose()
            server.start()
            is_up.set()

    return kill_server


def entries(connection: Connection) -> int:
    return int(connection.execute(text("SELECT count(*) FROM user_token_ledger")).scalar_one())


def new_members(world: World, number: int) -> list[uuid.UUID]:
    with world.superuser.begin() as connection:
        return [world.a.new_member(connection, "member") for _ in range(number)]


def hammer(world: World, users: list[uuid.UUID], killer: Killer) -> set[str]:
    """All at once, while the killer kills; returns the keys of the calls that were committed."""
    posted: set[str] = set()
    stopped, is_up = threading.Event(), threading.Event()
    is_up.set()
    with ThreadPoolExecutor(CONNECTIONS + 1) as threads:
        killing = threads.submit(killer, world, stopped, is_up)
        strikes = [threads.submit(strike, world, users, seed, posted, is_up) for seed in range(CONNECTIONS)]
        wait(strikes)
        stopped.set()
        for each in (*strikes, killing):
            each.result()
    return posted


def prove(world: World, users: list[uuid.UUID], posted: set[str]) -> None:
    """No token came about or got lost."""
    with world.superuser.connect() as connection:
        assert verify(connection) == []
        wallet = "FROM user_token_wallets WHERE user_id = ANY (:users)"
        worst = text(
            f"SELECT min(current_tokens), min(current_tokens - reserved_tokens), max(borrowed_tokens) {wallet}"
        )
        assert min(connection.execute(worst, {"users": users}).one()) >= 0
        # what the entries say of themselves is what came before them, one by one
        broken = text(
            "SELECT count(*) FROM (SELECT balance_after, lag(balance_after, 1, 0) OVER following"
            " + CASE direction WHEN 'credit' THEN amount WHEN 'debit' THEN -amount"
            " WHEN 'adjustment' THEN amount ELSE 0 END AS expected"
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
