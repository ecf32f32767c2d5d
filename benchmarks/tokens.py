"""Tokens against the least that could be done: `python -m benchmarks.tokens [seconds] [full]`.

pgbench calls `adjust_user_tokens` with an idempotency key from 8 clients, on one wallet and on 10,000; and beside it,
in turns, functions that update one row and insert one. The floor has two bare tables with no index but their keys. The
floor with context verifies the signed context, too; the one of the same shape has the columns, keys, indexes and checks
of ours, and the foreign keys that anybody would declare. Clients in Python call the function, or lock, update and
insert the rows of that shape themselves, in five statements, near and far. Then the hot wallet with ten and with a
hundred entries a call, and spread over slots; the same calls with a ledger a hundred times as long; and a month's
beginning against the statements that anybody would write by hand, on tables of the same shape. Commits are durable, as
in production. `full` has the month begin in a million wallets, and the ledger grow to ten million entries.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from itertools import product
from pathlib import Path

from benchmarks.clients import Posting, clients_rate, function_client, naive_client
from benchmarks.support import durable_server, report, seconds
from benchmarks.wallets import (
    ADMIN,
    CONTEXT,
    MAKE_DUE,
    MONTH_BY_HAND,
    NEXT_ENTRIES,
    WALLETS,
    owner,
    wallets_database,
)
from sqlalchemy import URL, text

from tenantry.runtime.embedded import embedded_binaries

CLIENTS = 8
ROUNDS = 3
GROWTH, FULL_GROWTH = 100, 1_000
FULL_WALLETS = 1_000_000
_USER = "lpad(to_hex(:number::int), 32, '0')::uuid"
_OURS = f"SELECT adjust_user_tokens({_USER}, 1, 'debit', 'benchmark', p_idempotency_key => gen_random_uuid()::text)"
_BATCH = (
    f"SELECT post_token_entries((SELECT jsonb_agg(jsonb_build_object('user_id', {_USER}, 'amount', 1,"
    " 'direction', 'debit', 'reason', 'benchmark', 'idempotency_key', gen_random_uuid()))"
    " FROM generate_series(1, {entries})))"
)
_CALLS = {
    "adjust_user_tokens": _OURS,
    "the floor": f"SELECT floor.debit({_USER}, 1, 'benchmark')",
    "the floor with context": f"SELECT floor.debit_in_context({_USER}, 1, 'benchmark')",
    "the floor of the same shape": f"SELECT floor.debit_in_shape({_USER}, 1, 'benchmark')",
}
_TARGETS = {1: 0.90, WALLETS: 0.80}
#: seconds: on the server's machine, and on another one of the same data centre
_ROUND_TRIPS = (0.0, 0.0005)


def main(duration: int, *, full: bool) -> None:
    """Print every ratio."""
    with durable_server() as server, tempfile.TemporaryDirectory() as directory:
        with wallets_database(server, FULL_WALLETS if full else WALLETS) as url:
            measure_months(url, FULL_WALLETS if full else WALLETS)
        with wallets_database(server) as url:
            for wallets, target in _TARGETS.items():
                measure_calls(url, Path(directory), wallets, duration, target)
            measure_clients(url, duration)
            measure_crowds(url, Path(directory), duration)
            measure_growth(url, Path(directory), duration, FULL_GROWTH if full else GROWTH)


def measure_calls(url: URL, directory: Path, wallets: int, duration: int, target: float) -> None:
    """Our calls against each floor."""
    rates = measure(url, directory, wallets, duration)
    ours = rates.pop("adjust_user_tokens")
    for floor, rate in rates.items():
        _report(f"{wallets:,} wallets, {floor}", ours, rate, f"{target:.2f} of the floor")


def measure_clients(url: URL, duration: int) -> None:
    """Clients in Python that call the function against clients that do it themselves, near and far."""
    for wallets, round_trip in product(_TARGETS, _ROUND_TRIPS):
        rates: dict[Posting, list[float]] = {function_client: [], naive_client: []}
        for _ in range(ROUNDS):
            for posting, found in rates.items():
                found.append(
                    clients_rate(
                        url, posting, wallets, duration, clients=CLIENTS, context=CONTEXT, round_trip=round_trip
                    )
                )
        ours, theirs = map(statistics.median, rates.values())
        place = f"a round trip of {round_trip * 1000} ms" if round_trip else "on the server's machine"
        _report(f"{wallets:,} wallets, clients in Python that do it themselves, {place}", ours, theirs, "2")


def measure_crowds(url: URL, directory: Path, duration: int) -> None:
    """One hot wallet, with what helps against waiting."""
    calls = {"floor": _CALLS["the floor"], **{str(n): _BATCH.replace("{entries}", str(n)) for n in (10, 100)}}
    rates = measure(url, directory, 1, duration, calls)
    floor = rates.pop("floor")
    for entries, rate in rates.items():
        _report(f"1 wallet, {entries} entries a call, the floor", rate * int(entries), floor, "more than 1")
    with owner(url) as connection:
        connection.execute(text(f"SELECT set_config('tenantry.context', '{CONTEXT}', false)"))
        connection.execute(text("SELECT spread_user_tokens(:user, 16)"), {"user": ADMIN})
        connection.commit()
    spread = measure(url, directory, 1, duration, {"ours": _OURS})["ours"]
    _report("1 wallet, spread over 16 slots, the floor", spread, floor, "2.5")


def measure_growth(url: URL, directory: Path, duration: int, growth: int) -> None:
    """The same calls, with ten thousand entries in the ledger and with many times as many."""

    def steadily() -> float:
        # pages are written whole the first time after a checkpoint, which says nothing about the ledger's length
        measure(url, directory, WALLETS, duration, {"warm": _OURS})
        return measure(url, directory, WALLETS, duration, {"ours": _OURS})["ours"]

    few = steadily()
    with owner(url) as connection:
        connection.exec_driver_sql(NEXT_ENTRIES.format(number=growth))
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE user_token_ledger, user_token_wallets")
        connection.exec_driver_sql("CHECKPOINT")
    _report(f"{WALLETS:,} wallets, {WALLETS * growth:,} entries more, against before", steadily(), few, "1, flat")


def measure_months(url: URL, wallets: int) -> None:
    """All wallets at once; each side finds all of them due, and is undone."""
    times: list[list[float]] = [[], []]
    with owner(url) as connection:
        connection.exec_driver_sql(MAKE_DUE)
        connection.commit()
        for _ in range(ROUNDS):
            for place, statements in enumerate(("SELECT reset_monthly_tokens()", MONTH_BY_HAND)):
                times[place].append(seconds(partial(connection.exec_driver_sql, statements)))
                connection.rollback()
    ours, theirs = map(statistics.median, times)
    report(f"reset_monthly_tokens over {wallets:,} wallets against UPDATE and INSERT by hand", ours, theirs, "1.5")


def _report(what: str, ours: float, theirs: float, target: str) -> None:
    rates = f"{ours:,.0f} entries a second against {theirs:,.0f}, ratio {ours / theirs:.2f}"
    print(f"{what}: {rates} (target {target})", flush=True)


def measure(
    url: URL, directory: Path, wallets: int, duration: int, calls: Mapping[str, str] = _CALLS
) -> dict[str, float]:
    """Transactions a second of each call: medians of rounds in which each has its turn."""
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            script = directory / "script.sql"
            script.write_text(f"\\set number random(1, {wallets})\n{call};\n")
            rates[name].append(pgbench(url, script, duration))
    return {name: statistics.median(found) for name, found in rates.items()}


def pgbench(url: URL, script: Path, duration: int) -> float:
    """How many transactions a second eight clients do."""
    binaries = embedded_binaries()
    program = str(binaries / "pgbench") if binaries else "pgbench"
    options = [f"--client={CLIENTS}", "--jobs=2", f"--time={duration}", "--no-vacuum", "--protocol=prepared"]
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    finished = subprocess.run(
        [program, *options, f"--file={script}", plain],
        env={**os.environ, "PGOPTIONS": f"-c tenantry.context={CONTEXT}"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"^tps = ([\d.]+)", finished.stdout, re.MULTILINE)
    if found is None:
        raise RuntimeError(finished.stdout)
    return float(found[1])


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "full"]
    main(int(given[0]) if given else 10, full="full" in sys.argv)
