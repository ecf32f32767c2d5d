"""From settings to a database that answers and is new enough."""

from typing import Any

import psycopg
import sqlalchemy
from sqlalchemy import URL, Connection, Engine, NullPool
from sqlalchemy.exc import DBAPIError

from tenantry.errors import ServerTooOldError, ServerUnreachableError
from tenantry.runtime.embedded import start_embedded
from tenantry.settings import Settings

MINIMUM_VERSION = 15

_CONNECT_TIMEOUT = 10


def database_url(settings: Settings) -> URL:
    """The configured database; where none is configured, that of the embedded server, started if need be."""
    return settings.url or start_embedded(settings)


def create_engine(settings: Settings, **options: Any) -> Engine:
    """An engine for the database of the settings."""
    url = database_url(settings)
    if "connect_timeout" not in url.query:
        options["connect_args"] = {"connect_timeout": _CONNECT_TIMEOUT, **options.get("connect_args", {})}
    return sqlalchemy.create_engine(url, **options)


def checked_engine(settings: Settings) -> Engine:
    """An engine for commands: the server answered and is supported, and no connection stays behind."""
    engine = create_engine(settings, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            check_version(connection)
    except DBAPIError as error:
        reason = without_password(reason_of(error), engine.url)
        raise ServerUnreachableError(f"cannot connect to {describe(engine.url)}: {reason}") from None
    return engine


def check_version(connection: Connection, minimum: int = MINIMUM_VERSION) -> None:
    """Refuse a server that is older than what the schema is written for."""
    found = connection.exec_driver_sql("SHOW server_version").scalar_one()
    if int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) < minimum * 10_000:
        raise ServerTooOldError(
            f"{describe(connection.engine.url)} is PostgreSQL {found}, but {minimum} or later is needed: upgrade it"
        )


def describe(url: URL) -> str:
    """Where a database is, without anything secret."""
    place = url.host or url.query.get("host") or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"database {url.database or url.username or 'of the login'} at {place}{port}"


def without_password(text: str, url: URL) -> str:
    """The text as one line, with the password of the URL blotted out."""
    line = " ".join(text.split())
    for secret in (url.password, url.query.get("password")):
        if isinstance(secret, str) and secret:
            line = line.replace(secret, "***")
    return line


def reason_of(error: DBAPIError) -> str:
    """What PostgreSQL, or else the driver, says is wrong, as one line."""
    original = error.orig
    said = original.diag.message_primary if isinstance(original, psycopg.Error) else None
    return " ".join((said or str(original).removeprefix("connection failed: ")).split())
