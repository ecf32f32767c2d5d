"""A server that logs whatever it can, and keeps statistics of every statement, learns no key."""

import base64
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import NullPool, text
from sqlalchemy.exc import DBAPIError
from tests.support.databases import upgrade

from tenantry.runtime.context import ContextKey, tenant_context
from tenantry.runtime.embedded import embedded_server
from tenantry.runtime.key_rotation import rotate
from tenantry.runtime.local_server import LocalServer
from tenantry.settings import Settings

BLOCK = 64
TALKATIVE = {
    "fsync": "off",
    "max_locks_per_transaction": "512",
    "log_statement": "all",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
    "track_activity_query_size": "1MB",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "all",
}


class Misnamed(ContextKey):
    """A key that the database refuses."""

    @property
    def kid(self) -> str:
        return "two words"


@contextmanager
def talkative_server() -> Iterator[LocalServer]:
    found = embedded_server(Settings.model_construct())
    with tempfile.TemporaryDirectory() as directory:
        server = replace(found, directory=Path(directory), parameters=TALKATIVE)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def spellings(key: bytes) -> set[str]:
    """What a key, or what the database keeps of it, could be written as."""
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    forms = [key, block[: len(key)], *(bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))]
    return {
        *(form.hex() for form in forms),
        *(base64.b64encode(form).decode().rstrip("=") for form in forms),
        *(form.decode("latin-1") for form in forms),
    }


@pytest.mark.parametrize("secret", ["the key that nobody reads in a log", "a key that is hashed first; " * 4])
def test_no_log_and_no_statistics_tell_a_key(secret: str) -> None:
    with talkative_server() as server:
        url = server.url()
        upgrade(url)
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION pg_stat_statements"))
        key = ContextKey(secret)
        with engine.begin() as connection:
            rotate(connection, key, timedelta())
            with engine.connect() as other:
                told = _told(other)
        with engine.connect() as connection, tenant_context(connection, None, None, key=key):
            connection.execute(text("SELECT get_current_tenant()"))
        with engine.connect() as connection, pytest.raises(DBAPIError, match="the name of a context key"):
            Misnamed(secret).install(connection)
        with engine.connect() as connection:
            told += _told(connection)
        log = (server.home / "log").read_text(errors="replace")
    # they do tell what was called, so a key would be there
    assert "install_context_key" in told
    assert "install_context_key" in log
    assert "parameters" in log.lower()
    assert not {form for form in spellings(secret.encode()) if form in told + log}


def _told(connection: sqlalchemy.Connection) -> str:
    rows = connection.execute(text("SELECT query FROM pg_stat_activity UNION ALL SELECT query FROM pg_stat_statements"))
    return "\n".join(str(row[0]) for row in rows)
