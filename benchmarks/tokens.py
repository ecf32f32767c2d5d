"""Tokens against the least that could be done: `python -m benchmarks.tokens [seconds]`.

pgbench calls `adjust_user_tokens` with an idempotency key from 8 clients, on one wallet and on 10,000; and beside it,
in turns, functions that update one row and insert one. The floor has two bare tables with no index but their keys.
The floor with context verifies the signed context, too; the one of the same shape has the columns, keys, indexes,
checks and foreign keys of ours. Commits are durable, as in production.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.support import durable_server
from benchmarks.wallets import CONTEXT, WALLETS, wallets_database
from sqlalchemy import URL

from tenantry.runtime.embedded import embedded_binaries

CLIENTS = 8
ROUNDS = 3
_USER = "lpad(to_hex(:number::int), 32, '0')::uuid"
_OURS = f"adjust_user_tokens({_USER}, 1, 'debit', 'benchmark', p_idempotency_key => gen_random_uuid()::text)"
_CALLS = {
    "adjust_user_tokens": _OURS,
    "the floor": f"floor.debit({_USER}, 1, 'benchmark')",
    "the floor with context": f"floor.debit_in_context({_USER}, 1, 'benchmark')",
    "the floor of the same shape": f"floor.debit_in_shape({_USER}, 1, 'benchmark')",
}
_TARGETS = {1: 0.90, WALLETS: 0.80}


def main(duration: int) -> None:
    """Print every ratio."""
    with durable_server() as server, wallets_database(server) as url, tempfile.TemporaryDirectory() as directory:
        for wallets, target in _TARGETS.items():
            rates = measure(url, Path(directory), wallets, duration)
            ours = rates.pop("adjust_user_tokens")
            for floor, rate in rates.items():
                ratio = f"{ours:,.0f} calls a second against {rate:,.0f}, ratio {ours / rate:.2f}"
                print(f"{wallets:,} wallets, {floor}: {ratio} (target {target:.2f} of the floor)", flush=True)


def measure(url: URL, directory: Path, wallets: int, duration: int) -> dict[str, float]:
    """Transactions a second of each call: medians of rounds in which each has its turn."""
    rates: dict[str, list[float]] = {name: [] for name in _CALLS}
    for _ in range(ROUNDS):
        for name, call in _CALLS.items():
            script = directory / "script.sql"
            script.write_text(f"\\set number random(1, {wallets})\nSELECT {call};\n")
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
