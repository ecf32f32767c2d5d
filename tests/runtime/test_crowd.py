"""No row of another tenant is seen in a crowd that shares few connections."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool
from sqlalchemy.ext.asyncio import create_async_engine
from tests.models.conftest import PASSWORD, login
from tests.support.crowd import Crowd, provision
from tests.support.databases import fresh_database, settings_for
from tests.support.pgbouncer import needs_pgbouncer, pgbouncer
from tests.support.servers import Server

from tenantry import AsyncTenancy
from tenantry.models.roles import APPLICATION, SUPERADMIN
from tenantry.runtime.context import ContextKey

KEY = ContextKey("c" * 32)
TENANTS, SESSIONS, CONNECTIONS = 50, 200, 10
NEWEST = 18
_PATIENCE = 600  # whoever comes later may be served first, by asyncio's queues, so that others wait for long


@dataclass(frozen=True)
class Town:
    """A database of many tenants."""

    superuser: URL
    application: URL
    tenants: dict[UUID, UUID]
    #: of each session; ten thousand in all on the newest server
    transactions: int


@pytest.fixture
def town(server: Server, migrated_template: str) -> Iterator[Town]:
    with ExitStack() as stack:
        superadmin, application = (stack.enter_context(login(server, role)) for role in (SUPERADMIN, APPLICATION))
        url = stack.enter_context(fresh_database(server, migrated_template))
        with sqlalchemy.create_engine(url, poolclass=NullPool).begin() as connection:
            KEY.install(connection)
        of = {name: url.set(username=name, password=PASSWORD) for name in (superadmin, application)}
        tenants = provision(of[superadmin], TENANTS, settings=settings_for(url), key=KEY)
        yield Town(url, of[application], tenants, 50 if server.major >= NEWEST else 10)


def rush(town: Town, application: URL, connections: int) -> None:
    async def main() -> Crowd:
        engine = create_async_engine(application, pool_size=connections, max_overflow=0, pool_timeout=_PATIENCE)
        crowd = Crowd(AsyncTenancy(engine, settings=settings_for(application), key=KEY), town.tenants)
        await crowd.rush(SESSIONS, town.transactions)
        await engine.dispose()
        return crowd

    crowd = asyncio.run(main())
    assert crowd.transactions == SESSIONS * town.transactions
    assert crowd.cancelled > 0
    crowd.check(town.superuser)


def test_in_a_crowd(town: Town) -> None:
    rush(town, town.application, CONNECTIONS)


@needs_pgbouncer
def test_in_a_crowd_behind_pgbouncer(town: Town) -> None:
    """Of four clients one has a connection to the server, for a transaction."""
    with pgbouncer(town.application, CONNECTIONS) as through:
        rush(town, through, 4 * CONNECTIONS)
