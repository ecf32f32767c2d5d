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
    project, state = _fingerprints(config)
    name = f"tenantry_test_{project}_{state}"
    with administrator(server) as connection:
        older = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s"
        for (found,) in connection.exec_driver_sql(older, (f"tenantry_test_{project}_", name)).fetchall():
            if not found.endswith("_unfinished"):
                _run(connection, "DROP DATABASE IF EXISTS {} WITH (FORCE)", found)
    ensure_migrated(server, name, config)
    return name


def _fingerprints(config: Config) -> tuple[str, str]:
    """What tells the project from others, and the state of its revisions and role names from earlier ones."""
    named = config.get_version_locations_list() or [f"{ScriptDirectory.from_config(config).dir}/versions"]
    directories = [Path(coerce_resource_to_filename(location)).resolve() for location in named]
    revisions = sorted(file for directory in directories for file in directory.glob("*.py"))
    state = hashlib.sha256(repr(sorted(load_settings().role_names.items())).encode())
    for file in revisions:
        state.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    project = hashlib.sha256("\0".join(map(str, directories)).encode())
    return project.hexdigest()[:8], state.hexdigest()[:16]


@contextmanager
def application_database(server: URL, template: str, key: ContextKey) -> Iterator[URL]:
    """A copy of the template that lets in contexts signed with the key."""
    with fresh_database(server, template) as url:
        with sqlalchemy.create_engine(url, poolclass=NullPool).begin() as connection:
            key.install(connection)
        yield url


@contextmanager
def login(server: URL, role: str) -> Iterator[URL]:
    """The address of the server for a login of its own that is a member of one role."""
    name, password = f"test_{uuid.uuid4().hex}", uuid.uuid4().hex
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
