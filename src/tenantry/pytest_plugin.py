"""The pytest plugin: fixtures for the test suite of an application.

They cost nothing until a test asks for one of them.
"""

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import URL

# what a suite does not use, it does not import either
if TYPE_CHECKING:
    from tenantry import Tenancy
    from tenantry.runtime.context import ContextKey
    from tenantry.testing.tenants import SampleTenant


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say where its revisions are, if not where they usually are."""
    parser.addini("tenantry_alembic_ini", "the alembic.ini whose revisions make the schema of tests", default="")


@pytest.fixture(scope="session")
def tenantry_server() -> Iterator[URL]:
    """The server that tests run on, and the login that may do everything there."""
    from tenantry.testing.server import running_server  # noqa: PLC0415

    with running_server() as url:
        yield url


@pytest.fixture(scope="session")
def tenantry_template(tenantry_server: URL, pytestconfig: pytest.Config) -> str:
    """The name of a database with the newest schema: that of the project's alembic.ini, or else tenantry's own."""
    from alembic.config import Config  # noqa: PLC0415

    from tenantry.cli.migrate import config  # noqa: PLC0415
    from tenantry.testing.databases import template_of  # noqa: PLC0415

    named = pytestconfig.getini("tenantry_alembic_ini")
    found = pytestconfig.rootpath / (named or "alembic.ini")
    return template_of(tenantry_server, Config(found) if named or found.exists() else config())


@pytest.fixture(scope="session")
def tenantry_login(tenantry_server: URL, tenantry_template: str) -> Iterator[URL]:  # noqa: ARG001
    """The address of the server for a login like that of the application, whose role the migrations make."""
    from tenantry.settings import load_settings  # noqa: PLC0415
    from tenantry.testing.databases import login  # noqa: PLC0415

    with login(tenantry_server, load_settings().app_role) as url:
        yield url


@pytest.fixture(scope="session")
def tenantry_key() -> "ContextKey":
    """What signs contexts."""
    from tenantry.runtime.context import ContextKey  # noqa: PLC0415

    return ContextKey(secrets.token_bytes(32))


@pytest.fixture
def tenantry_database(tenantry_server: URL, tenantry_template: str, tenantry_key: "ContextKey") -> Iterator[URL]:
    """A database of the test's own with the newest schema, for the login that may do everything there."""
    from tenantry.testing.databases import application_database  # noqa: PLC0415

    with application_database(tenantry_server, tenantry_template, tenantry_key) as url:
        yield url


@pytest.fixture
def tenantry_application_url(tenantry_database: URL, tenantry_login: URL) -> URL:
    """The same database for the application's login, whom row security binds."""
    return tenantry_login.set(database=tenantry_database.database)


@pytest.fixture
def tenancy(tenantry_application_url: URL, tenantry_key: "ContextKey") -> Iterator["Tenancy"]:
    """Sessions of the test's own database, as the application opens them."""
    from tenantry import Tenancy  # noqa: PLC0415

    made = Tenancy(tenantry_application_url, key=tenantry_key)
    yield made
    made.engine.dispose()


@pytest.fixture
def tenant(tenancy: "Tenancy", tenantry_database: URL) -> "SampleTenant":
    """A tenant with an owner."""
    from tenantry.testing.tenants import SampleTenant  # noqa: PLC0415

    return SampleTenant.made(tenancy, tenantry_database)


@pytest.fixture
def other_tenant(tenancy: "Tenancy", tenantry_database: URL) -> "SampleTenant":
    """Another tenant with an owner of its own."""
    from tenantry.testing.tenants import SampleTenant  # noqa: PLC0415

    return SampleTenant.made(tenancy, tenantry_database)
