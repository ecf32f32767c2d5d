"""What clients written in Python reach: each in a process of its own, with a connection of its own."""

import multiprocessing
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.synchronize import Barrier
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
from benchmarks.wallets import TENANT
from sqlalchemy import URL


@dataclass(frozen=True)
class Client:
    """A connection, and how long a message is under way to the server and back, in seconds."""

    connection: psycopg.Connection
    round_trip: float

    def execute(self, statement: LiteralString, *values: object) -> tuple[Any, ...]:
        """The first row, or nothing."""
        if self.round_trip:
            time.sleep(self.round_trip)
        cursor = self.connection.execute(statement, values)
        return (cursor.fetchone() if cursor.description else None) or ()


Posting = Callable[[Client, UUID], None]


def function_client(client: Client, user: UUID) -> None:
    """Leaves everything to the function, in one round trip."""
    client.execute(
        "SELECT adjust_user_tokens(%s, 1, 'debit', 'benchmark', p_idempotency_key => %s)", user, str(uuid4())
    )


def naive_client(client: Client, user: UUID) -> None:
    """Locks and reads the row, computes, writes it, and writes the entry, on tables of the same shape as ours."""
    client.execute("BEGIN")
    wallet, entry_number, tokens = client.execute(
        "SELECT id, entry_number, current_tokens FROM floor.shaped_wallets"
        " WHERE tenant_id = %s AND user_id = %s FOR UPDATE",
        TENANT, user,
    )  # fmt: skip
    after = (entry_number + 1, tokens - 1)
    client.execute(
        "UPDATE floor.shaped_wallets SET entry_number = %s, current_tokens = %s WHERE tenant_id = %s AND id = %s",
        *after, TENANT, wallet,
    )  # fmt: skip
    client.execute(
        "INSERT INTO floor.shaped_ledger (tenant_id, user_id, wallet_id, direction, amount, reason,"
        " entry_number, balance_after, reserved_after, lifetime_after, idempotency_key)"
        " VALUES (%s, %s, %s, 'debit', 1, 'benchmark', %s, %s, 0, 0, %s)",
        TENANT, user, wallet, *after, str(uuid4()),
    )  # fmt: skip
    client.execute("COMMIT")


def clients_rate(
    url: URL, posting: Posting, wallets: int, duration: float, *, clients: int, context: str, round_trip: float
) -> float:
    """How many postings a second so many clients do, each time on any of the wallets.

    :param round_trip: how far away the clients are, in seconds.
    """
    processes = multiprocessing.get_context("fork")
    begin = processes.Barrier(clients)
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with processes.Pool(clients, _wait_for_all, (begin,)) as pool:
        how = {"wallets": wallets, "duration": duration, "context": context, "round_trip": round_trip}
        work = partial(_post, posting, conninfo=conninfo, **how)
        return sum(pool.map(work, range(clients), chunksize=1))


def _wait_for_all(begin: Barrier) -> None:
    _BEGIN.append(begin)


#: of the process: what it waits at until all others are connected
_BEGIN: list[Barrier] = []


def _post(
    posting: Posting, seed: int, *, conninfo: str, wallets: int, duration: float, context: str, round_trip: float
) -> float:
    numbers = random.Random(seed)  # noqa: S311
    posted = 0
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SELECT set_config('tenantry.context', %s, false)", (context,))
        client = Client(connection, round_trip)
        _BEGIN[0].wait()
        began = time.perf_counter()
        while (spent := time.perf_counter() - began) < duration:
            posting(client, UUID(int=numbers.randint(1, wallets)))
            posted += 1
    return posted / spent
