"""Databases for tests: one with the newest schema is made once, every test gets a copy of it."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import coerce_resource_to_filename
from psycopg import sql
from pydantic import SecretStr
from sqlalchemy import URL, Connection, NullPool

from tenantry.runtime.context import ContextKey
from tenantry.runtime.migrations import SETTINGS
from tenantry.settings import Settings, load_settings


def settings_for(url: URL) -> Settings:
    """The settings of the environment, with this database."""
    return Settings(tenantry_database_url=SecretStr(url.render_as_string(hide_password=False)))


@contextmanager
def administrator(server: URL) -> Iterator[Connection]:
    """A connection for what cannot be in a transaction."""
    engine = sqlalchemy.create_engine(server, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection


@contextmanager
def fresh_database(server: URL, template: str = "template0") -> Iterator[URL]:
    """A database of its own, dropped at the end whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    with administrator(server) as connection:
        _run(connection, "CREATE DATABASE {} TEMPLATE {}", name, template)
        if template != "template0":
            # a copy has everything of its template but the rights on the database itself
            _run(connection, "REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", name)
    try:
        yield server.set(database=name)
    finally:
        drop_database(server, name)


def drop_database(server: URL, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    with administrator(server) as connection:
        _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def ensure_migrated(server: URL, name: str, config: Config) -> None:
    """Have a database with the newest schema, made by whichever process comes first.

    :param config: of the project whose revisions are run.
    """
    with administrator(server) as connection:
        connection.exec_driver_sql("SELECT pg_advisory_lock(hashtext(%s))", (name,))
        found = connection.exec_driver_sql("SELECT FROM pg_database WHERE datname = %s", (name,))
        if found.first() is None:
            unfinished = f"{name}_unfinished"
            _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", unfinished)
            _run(connection, "CREATE DATABASE {} TEMPLATE template0", unfinished)
            config.attributes[SETTINGS] = settings_for(server.set(database=unfinished))
            command.upgrade(config, "heads")
            _run(connection, "ALTER DATABASE {} RENAME TO {}", unfinished, name)


def template_of(server: URL, config: Config) -> str:
    """The name of a database with the newest schema; it outlasts the run, and goes when the revisions change.

    :param config: of the project whose revisions are run.
    """
    name = f"{template_prefix(config)}{_state(config)}"
    drop_templates(server, config, keep=name)
    ensure_migrated(server, name, config)
    return name


def drop_templates(server: URL, config: Config, keep: str = "") -> None:
    """Drop the project's databases that are copied, except this one."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND NOT starts_with(datname, %s)"
    with administrator(server) as connection:
        for name in connection.exec_driver_sql(query, (template_prefix(config), keep or " ")).scalars().all():
            _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def template_prefix(config: Config) -> str:
    """What the names of a project's databases to copy begin with; it tells the project from others on the server."""
    places = "\0".join(map(str, _directories(config)))
    return f"tenantry_test_{hashlib.sha256(places.encode()).hexdigest()[:8]}_"


def _state(config: Config) -> str:
    """What tells the present revisions, and names of roles, from earlier ones."""
    state = hashlib.sha256(repr(sorted(load_settings().role_names.items())).encode())
    for file in sorted(file for directory in _directories(config) for file in directory.glob("*.py")):
        state.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()[:16]


def _directories(config: Config) -> list[Path]:
    named = config.get_version_locations_list() or [f"{ScriptDirectory.from_config(config).dir}/versions"]
    return [Path(coerce_resource_to_filename(location)).resolve() for location in named]


@contextmanager
def application_database(server: URL, template: str, key: ContextKey) -> Iterator[URL]:
    """A copy of the template that lets in contexts signed with the key."""
    with fresh_database(server, template) as url:
        with sqlalchemy.create_engine(url, poolclass=NullPool).begin() as connection:
            key.install(connection)
        yield url


@contextmanager
def login(server: URL, role: str, password: str | None = None) -> Iterator[URL]:
    """The address of the server for a login of its own that is a member of one role.

    :param password: a random one unless given.
    """
    name, password = f"test_{uuid.uuid4().hex}", password or uuid.uuid4().hex
    with administrator(server) as connection:
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
            sql.Identifier(name), sql.Literal(password), sql.Identifier(role)
        )
        connection.exec_driver_sql(statement.as_string(None))
    try:
        yield server.set(username=name, password=password)
    finally:
        with administrator(server) as connection:
            _run(connection, "DROP ROLE {}", name)


def _run(connection: Connection, statement: str, *names: str) -> None:
    composed = sql.SQL(statement).format(*map(sql.Identifier, names))
    connection.exec_driver_sql(composed.as_string(None))
