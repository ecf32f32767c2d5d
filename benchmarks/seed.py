"""`tenantry seed` against COPY of the same rows: `python -m benchmarks.seed [small|medium|large]`.

The rows are those that the command sends, before any trigger has made more of them: loaded a second time, what a
trigger wrote would be there twice. COPY loads them as the superuser, whom row security does not concern, from files
made beforehand, into the same tables with the same constraints and triggers, table by table in one transaction.
It leaves out the tenants' subscriptions: a trigger makes them, and COPY cannot replace a row.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from benchmarks.support import benchmark_server, declared_database, report, seconds
from psycopg import Cursor, sql
from sqlalchemy import URL

from tenantry.seed import TENANTS, Size, companies
from tenantry.seed.blueprint import Blueprint, blueprints
from tenantry.seed.copy_text import copy_text

_CHUNK = 1 << 20
_MADE_BY_TRIGGER = "subscriptions"


def main(size: Size) -> None:
    """Run both, each in a database of its own on the same server."""
    tables = [blueprint for blueprint in blueprints().values() if blueprint.name != _MADE_BY_TRIGGER]
    with benchmark_server() as server, tempfile.TemporaryDirectory() as directory:
        files = Path(directory)
        rows = _write_files(files, tables, size)
        with declared_database(server) as url:
            theirs = seconds(lambda: _copy(url, files, tables))
        with declared_database(server) as url:
            ours = seconds(lambda: _seed(url, size))
    print(f"{TENANTS[size]:,} tenants, {rows:,} rows: {rows / ours:,.0f} rows a second, by COPY {rows / theirs:,.0f}")
    report("tenantry seed against COPY", ours, theirs, "2")


def _seed(url: URL, size: Size) -> None:
    environment = {**os.environ, "TENANTRY_DATABASE_URL": url.render_as_string(hide_password=False)}
    subprocess.run([sys.executable, "-m", "tenantry.cli", "seed", "--size", size], env=environment, check=True)


def _copy(url: URL, files: Path, tables: list[Blueprint]) -> None:
    with _cursor(url) as cursor:
        for blueprint in tables:
            columns = sql.SQL(", ").join(map(sql.Identifier, blueprint.columns))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(blueprint.name), columns)
            with cursor.copy(statement) as copy, (files / blueprint.name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)


def _write_files(files: Path, tables: list[Blueprint], size: Size) -> int:
    rows = 0
    for company in companies(TENANTS[size]):
        rows += sum(map(len, company.rows.values()))
        for blueprint in tables:
            with (files / blueprint.name).open("ab") as file:
                file.write(copy_text(blueprint.columns, company.rows[blueprint.name]))
    return rows


@contextmanager
def _cursor(url: URL) -> Iterator[Cursor]:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain) as connection, connection.cursor() as cursor:
        yield cursor


if __name__ == "__main__":
    main(Size(sys.argv[1] if len(sys.argv) > 1 else Size.LARGE))
