"""What clients written in Python reach: each in a process of its own, with a connection of its own."""

import multiprocessing
import random
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.synchronize import Barrier
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import URL

Posting = Callable[[psycopg.Connection, UUID], None]


def function_client(connection: psycopg.Connection, user: UUID) -> None:
    """Leaves everything to the function, in one round trip."""
    connection.execute(
        "SELECT adjust_user_tokens(%s, 1, 'debit', 'benchmark', p_idempotency_key => %s)", (user, str(uuid4()))
    ).fetchone()


def naive_client(connection: psycopg.Connection, wallet: UUID) -> None:
    """Locks and reads the row, computes, writes it, and writes the entry; the bare tables of the floor."""
    with connection.transaction():
        found = connection.execute("SELECT tokens FROM floor.wallets WHERE id = %s FOR UPDATE", (wallet,)).fetchone()
        if found is None or found[0] < 1:
            raise RuntimeError(wallet)
        balance = found[0] - 1
        connection.execute("UPDATE floor.wallets SET tokens = %s WHERE id = %s", (balance, wallet))
        connection.execute(
            "INSERT INTO floor.ledger (wallet_id, amount, balance_after, reason) VALUES (%s, 1, %s, 'benchmark')",
            (wallet, balance),
        )


def clients_rate(url: URL, posting: Posting, wallets: int, duration: float, *, clients: int, context: str) -> float:
    """How many postings a second so many clients do, each time on any of the wallets."""
    processes = multiprocessing.get_context("fork")
    begin = processes.Barrier(clients)
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with processes.Pool(clients, _wait_for_all, (begin,)) as pool:
        work = partial(_post, posting, conninfo=conninfo, wallets=wallets, duration=duration, context=context)
        return sum(pool.map(work, range(clients), chunksize=1))


def _wait_for_all(begin: Barrier) -> None:
    _BEGIN.append(begin)


#: of the process: what it waits at until all others are connected
_BEGIN: list[Barrier] = []


def _post(posting: Posting, seed: int, *, conninfo: str, wallets: int, duration: float, context: str) -> float:
    numbers = random.Random(seed)  # noqa: S311
    posted = 0
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT set_config('tenantry.context', %s, false)", (context,))
        _BEGIN[0].wait()
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < duration:
            posting(connection, UUID(int=numbers.randint(1, wallets)))
            posted += 1
    return posted / spent
