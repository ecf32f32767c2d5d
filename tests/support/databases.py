"""Databases of a test server, made and dropped."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from alembic import command
from psycopg import sql
from sqlalchemy import URL, Connection
from tests.support.servers import Server

from tenantry.cli.migrate import config
from tenantry.runtime.embedded import embedded_binaries
from tenantry.testing import databases
from tenantry.testing.databases import settings_for

__all__ = [
    "administrator",
    "drop_database",
    "drop_roles",
    "ensure_migrated",
    "fresh_database",
    "run_script",
    "schema_dump",
    "settings_for",
    "upgrade",
]


@contextmanager
def administrator(server: Server) -> Iterator[Connection]:
    """A connection for what cannot be in a transaction."""
    with databases.administrator(server.url) as connection:
        yield connection


@contextmanager
def fresh_database(server: Server, template: str = "template0") -> Iterator[URL]:
    """A database of its own, dropped at the end whoever is still connected."""
    with databases.fresh_database(server.url, template) as url:
        yield url


def drop_database(server: Server, name: str) -> None:
    databases.drop_database(server.url, name)


def ensure_migrated(server: Server, name: str) -> None:
    """Have a database with the newest schema, made by whichever process comes first."""
    databases.ensure_migrated(server.url, name, config())


def upgrade(url: URL, revision: str = "head") -> None:
    """Migrate a database in this process."""
    command.upgrade(config(settings_for(url)), revision)


def drop_roles(server: Server, *names: str) -> None:
    with administrator(server) as connection:
        for name in names:
            statement = sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name))
            connection.exec_driver_sql(statement.as_string(None))


def schema_dump(url: URL) -> str:
    """What `pg_dump --schema-only` writes, without the lines that differ from run to run."""
    text = _program("pg_dump", "--schema-only", "--dbname", _libpq(url))
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def dump(url: URL) -> str:
    """What `pg_dump` writes: a script that makes a copy."""
    script = _program("pg_dump", "--dbname", _libpq(url))
    # a setting that servers before 17 do not know
    return script.replace("SET transaction_timeout = 0;\n", "")


def run_script(url: URL, script: str) -> None:
    """Run a script as a deployment would."""
    _program("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", _libpq(url), script=script)


def _libpq(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def _program(name: str, *arguments: str, script: str | None = None) -> str:
    binaries = embedded_binaries()
    assert binaries is not None
    finished = subprocess.run([binaries / name, *arguments], input=script, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
