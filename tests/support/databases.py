"""Databases of a test server, made and dropped."""

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from alembic import command
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import URL, Connection, NullPool
from tests.support.servers import Server

from tenantry.cli.migrate import config
from tenantry.runtime.embedded import embedded_binaries
from tenantry.settings import Settings


def settings_for(url: URL) -> Settings:
    """The default settings, with this database."""
    return Settings(tenantry_database_url=SecretStr(url.render_as_string(hide_password=False)))


@contextmanager
def administrator(server: Server) -> Iterator[Connection]:
    """A connection for what cannot be in a transaction."""
    engine = sqlalchemy.create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


@contextmanager
def fresh_database(server: Server, template: str = "template0") -> Iterator[URL]:
    """A database of its own, dropped at the end whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with administrator(server) as connection:
        _run(connection, "CREATE DATABASE {} TEMPLATE {}", name, template)
        if template != "template0":
            # a copy has everything of its template but the rights on the database itself
            _run(connection, "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", name)
    try:
        yield server.url.set(database=name)
    finally:
        drop_database(server, name)


def drop_database(server: Server, name: str) -> None:
    with administrator(server) as connection:
        _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def ensure_migrated(server: Server, name: str) -> None:
    """Have a database with the newest schema, made by whichever process comes first."""
    with administrator(server) as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext(%s))", (name,))
        found = connection.exec_driver_sql("SELECT FROM pg_database WHERE datname = %s", (name,))
        if found.first() is None:
            unfinished = f"{name}_unfinished"
            _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished)
            _run(connection, "CREATE DATABASE {} TEMPLATE template0", unfinished)
            upgrade(server.url.set(database=unfinished))
            _run(connection, "ALTER DATABASE {} RENAME TO {}", unfinished, name)


def upgrade(url: URL, revision: str = "head") -> None:
    """Migrate a database in this process."""
    command.upgrade(config(settings_for(url)), revision)


def drop_roles(server: Server, *names: str) -> None:
    with administrator(server) as connection:
        for name in names:
            _run(connection, "DROP ROLE IF EXISTS {}", name)


def schema_dump(url: URL) -> str:
    """What `pg_dump --schema-only` writes, without the lines that differ from run to run."""
    text = _program("pg_dump", "--schema-only", "--dbname", _libpq(url))
    return "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(("\\restrict", "\\unrestrict"))
    )


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


def _run(connection: Connection, statement: str, *names: str) -> None:
    composed = sql.SQL(statement).format(*map(sql.Identifier, names))
    connection.exec_driver_sql(composed.as_string(None))
