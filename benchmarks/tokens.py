"""Tokens against the least that could be done: `python -m benchmarks.tokens [seconds]`.

pgbench calls `adjust_user_tokens` with an idempotency key from 8 clients, on one wallet and on 10,000; and beside it,
in turns, functions that update one row and insert one. The floor has two bare tables with no index but their keys.
The floor with context verifies the signed context, too; the one of the same shape has the columns, keys, indexes,
checks and foreign keys of ours; and clients that do it themselves lock, update and insert the bare rows in a
transaction of five statements. Then the hot wallet with ten entries a call, and spread over slots; the same calls with
a ledger a hundred times as long; and a month's beginning against the statements that anybody would write by hand.
Commits are durable, as in production.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

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
GROWTH = 100
_USER = "lpad(to_hex(:number::int), 32, '0')::uuid"
_OURS = f"SELECT adjust_user_tokens({_USER}, 1, 'debit', 'benchmark', p_idempotency_key => gen_random_uuid()::text)"
_BATCHED = 10
_BATCH = (
    f"SELECT post_token_entries((SELECT jsonb_agg(jsonb_build_object('user_id', {_USER}, 'amount', 1,"
    f" 'direction', 'debit', 'reason', 'benchmark', 'idempotency_key', gen_random_uuid()))"
    f" FROM generate_series(1, {_BATCHED})))"
)
_NAIVE = f"""BEGIN;
SELECT tokens FROM floor.wallets WHERE id = {_USER} FOR UPDATE;
UPDATE floor.wallets SET tokens = tokens - 1 WHERE id = {_USER};
INSERT INTO floor.ledger (wallet_id, amount, balance_after, reason) VALUES ({_USER}, 1, 0, 'benchmark');
COMMIT"""
_CALLS = {
    "adjust_user_tokens": _OURS,
    "the floor": f"SELECT floor.debit({_USER}, 1, 'benchmark')",
    "the floor with context": f"SELECT floor.debit_in_context({_USER}, 1, 'benchmark')",
    "the floor of the same shape": f"SELECT floor.debit_in_shape({_USER}, 1, 'benchmark')",
    "clients that do it themselves": _NAIVE,
}
_TARGETS = {1: 0.90, WALLETS: 0.80}


def main(duration: int) -> None:
    """Print every ratio."""
    with durable_server() as server, wallets_database(server) as url, tempfile.TemporaryDirectory() as directory:
        measure_growth(url, Path(directory), duration)
        measure_months(url)
        for wallets, target in _TARGETS.items():
            rates = measure(url, Path(directory), wallets, duration)
            ours = rates.pop("adjust_user_tokens")
            for floor, rate in rates.items():
                ratio = f"{ours:,.0f} calls a second against {rate:,.0f}, ratio {ours / rate:.2f}"
                print(
                    f"{wallets:,} wallets, {floor}: {ratio} (target {target:.2f} of the floor, 2 of clients)",
                    flush=True,
                )
        measure_crowds(url, Path(directory), duration)


def measure_crowds(url: URL, directory: Path, duration: int) -> None:
    """One hot wallet, with what helps against waiting, and what naive clients do."""
    before = measure(url, directory, 1, duration, {"floor": _CALLS["the floor"]})
    batch = measure(url, directory, 1, duration, {"batch": _BATCH})["batch"] * _BATCHED
    with owner(url) as connection:
        connection.execute(text(f"SELECT set_config('tenantry.context', '{CONTEXT}', false)"))
        connection.execute(text("SELECT spread_user_tokens(:user, 16)"), {"user": ADMIN})
        connection.commit()
    spread = measure(url, directory, 1, duration, {"ours": _OURS})["ours"]
    for what, rate, target in (("in batches of ten", batch, "4"), ("spread over 16 slots", spread, "2.5")):
        against = f"{rate:,.0f} entries a second against {before['floor']:,.0f}"
        print(
            f"1 wallet, {what}, the floor: {against}, ratio {rate / before['floor']:.2f} (target {target})", flush=True
        )


def measure_growth(url: URL, directory: Path, duration: int) -> None:
    """The same calls, with ten thousand entries in the ledger and with a million."""
    few = measure(url, directory, WALLETS, duration, {"ours": _OURS})["ours"]
    with owner(url) as connection:
        connection.exec_driver_sql(NEXT_ENTRIES.format(number=GROWTH))
        connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE user_token_ledger")
        connection.exec_driver_sql("CHECKPOINT")
    many = measure(url, directory, WALLETS, duration, {"ours": _OURS})["ours"]
    rates = f"{many:,.0f} calls a second against {few:,.0f}, ratio {many / few:.2f}"
    print(f"{WALLETS:,} wallets, {WALLETS * GROWTH:,} entries more: {rates} (target 1, flat)", flush=True)


def measure_months(url: URL) -> None:
    """All wallets at once; each side begins with wallets that are due, and is undone."""
    times: list[list[float]] = [[], []]
    with owner(url) as connection:
        for _ in range(ROUNDS):
            for place, statements in enumerate(("SELECT reset_monthly_tokens()", MONTH_BY_HAND)):
                connection.execute(text(MAKE_DUE))
                times[place].append(seconds(partial(connection.exec_driver_sql, statements)))
                connection.rollback()
    ours, theirs = map(statistics.median, times)
    report(f"reset_monthly_tokens over {WALLETS:,} wallets against UPDATE and INSERT by hand", ours, theirs, "1.5")


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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
