"""What isolation costs: `python -m benchmarks.isolation`.

A million rows of a thousand tenants. A hand-written `WHERE tenant_id = ...` by a login that row security does not bind,
against the same query without it by a login that row security binds to the tenant: with signed contexts, with plain
ones, and with the policy that many systems have, `tenant_id = get_current_tenant() OR is_superadmin()` in PL/pgSQL.
Statement by statement in turns, all by psycopg; what begins and ends transactions is not counted. Medians, and how
far apart the middle half of all measurements is.
"""

import random
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from benchmarks.support import durable_server, seconds
from benchmarks.tenants_database import BY_HAND, KEY, REQUESTS, ROWS, TENANTS, numbered, tenants_database
from sqlalchemy import URL

READ, WRITTEN = range(1, 41), range(901, TENANTS)  # so that what is undone is in nobody's way


@dataclass(frozen=True)
class Work:
    """A statement, and how often it is measured.

    :param sql: with the table and a condition on the tenant where it is written by hand.
    :param often: how often.
    :param naive: how often with the naive policy, which takes its time.
    :param plain: what plain contexts may cost, as a ratio.
    :param signed: what signed ones may cost.
    :param a_transaction: how many of it there are in each transaction.
    :param writes: whether it does.
    """

    sql: LiteralString
    often: int
    naive: int
    plain: float = 1.05
    signed: float = 1.05
    a_transaction: int = 50
    writes: bool = False


WORKS = {
    "point lookup": Work(
        "SELECT name, usage_count, created_at FROM {table} WHERE {of_tenant} AND id = %(id)s",
        often=6_000, naive=50, signed=1.20,
    ),
    "newest 50 rows": Work(
        "SELECT id, name, created_at FROM {table} WHERE {of_tenant} ORDER BY created_at DESC LIMIT 50",
        often=3_000, naive=3,
    ),
    "aggregate over a tenant": Work(
        "SELECT count(*), sum(usage_count), max(created_at) FROM {table} WHERE {of_tenant}", often=3_000, naive=3
    ),
    "insert of 1,000 rows": Work(
        "INSERT INTO {table} (tenant_id, name) SELECT %(tenant)s, 'Workflow ' || n FROM generate_series(1, 1000) n",
        often=60, naive=20, a_transaction=1, writes=True,
    ),
}  # fmt: skip
#: by whom, on which table
WAYS = {
    "by hand": (BY_HAND, "ai_workflows"),
    "signed": (REQUESTS, "ai_workflows"),
    "plain": (REQUESTS, "plain.ai_workflows"),
    "naive": (REQUESTS, "naive.ai_workflows"),
}


def main() -> None:
    """Print every ratio."""
    with durable_server() as server, tenants_database(server) as url, connections(url) as by_way:
        for name, work in WORKS.items():
            report(name, work, measured(work, by_way))


@contextmanager
def connections(url: URL) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """One for each way."""
    with ExitStack() as stack:
        found = {}
        for way, (login, _) in WAYS.items():
            address = url.set(drivername="postgresql", username=login).render_as_string(hide_password=False)
            found[way] = stack.enter_context(psycopg.connect(address))
        yield found


def measured(work: Work, by_way: dict[str, psycopg.Connection[Any]]) -> dict[str, list[float]]:
    """Seconds of each statement, by way."""
    chance = random.Random(1)  # noqa: S311
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    statements = {
        way: work.sql.format(table=table, of_tenant="tenant_id = %(tenant)s" if way == "by hand" else "true")
        for way, (_, table) in WAYS.items()
    }
    for _ in range(work.often // work.a_transaction):
        tenant = chance.choice(WRITTEN if work.writes else READ)
        for connection in by_way.values():
            enter(connection, numbered(tenant))
        for _ in range(work.a_transaction):
            workflow = tenant - 1 + TENANTS * chance.randrange(1, ROWS // TENANTS)
            values = {"tenant": numbered(tenant), "id": numbered(workflow)}
            for way in chance.sample(list(WAYS), len(WAYS)):
                if way != "naive" or len(times[way]) < work.naive:
                    times[way].append(seconds(partial(run, by_way[way], statements[way], values)))
        for connection in by_way.values():
            connection.rollback()
    return times


def enter(connection: psycopg.Connection[Any], tenant: UUID) -> None:
    """Begin a transaction in the context of the tenant's owner, signed and plain."""
    connection.execute(
        "SELECT set_config('tenantry.context', %s, true), set_config('benchmark.tenant', %s, true)",
        (KEY.token(tenant, tenant), str(tenant)),
    )


def run(connection: psycopg.Connection[Any], statement: LiteralString, values: dict[str, UUID]) -> None:
    """A statement and its rows."""
    cursor = connection.execute(statement, values)
    if cursor.description:
        cursor.fetchall()
    if cursor.rowcount == 0:
        raise RuntimeError(f"nothing was found, or written, by {statement}")


def report(name: str, work: Work, times: dict[str, list[float]]) -> None:
    """Print each way against the one by hand."""
    by_hand = statistics.median(times["by hand"])
    print(f"{name}: by hand {milliseconds(times['by hand'])}", flush=True)
    for way, target in (("plain", work.plain), ("signed", work.signed), ("naive", None)):
        ratio = statistics.median(times[way]) / by_hand
        aim = f"target {target:.2f} at most" if target else "not ours"
        print(f"    {way} {milliseconds(times[way])}, ratio {ratio:,.2f} ({aim})", flush=True)


def milliseconds(times: list[float]) -> str:
    """The median, and the middle half."""
    low, median, high = (1_000 * time for time in statistics.quantiles(times, n=4))
    return f"{median:.3f} ms ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
