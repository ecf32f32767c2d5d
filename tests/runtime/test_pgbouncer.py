"""Sessions of tenants behind PgBouncer, which gives each transaction any of its connections."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import URL, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.models.conftest import World, world
from tests.runtime.test_tenancy import TRACES, round_trips, tenancy_of
from tests.support.databases import settings_for
from tests.support.pgbouncer import needs_pgbouncer, pgbouncer

from tenantry import AsyncTenancy, Tenancy
from tenantry.models import Workflow

__all__ = ["world"]

pytestmark = needs_pgbouncer

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "applications.md"

TENANTS = text("SELECT array_agg(DISTINCT tenant_id) FROM ai_workflows")
PROCESS = text("SELECT pg_backend_pid()")
REPEATED = 20  # often enough for psycopg to prepare a statement, five times by default


@pytest.fixture(scope="module")
def one(world: World) -> Iterator[URL]:
    """Behind one connection, which forgets as docs/applications.md says."""
    with pgbouncer(world.application.url, 1, **documented_options()) as url:
        yield url


def documented_options() -> dict[str, str]:
    found = re.search(r"```ini\n(\[pgbouncer\].*?)```", DOCUMENTATION.read_text(), re.DOTALL)
    assert found is not None
    parser = ConfigParser(interpolation=None)
    parser.read_string(found[1])
    return dict(parser["pgbouncer"])


@pytest.fixture(scope="module")
def two(world: World) -> Iterator[URL]:
    """Behind two connections."""
    with pgbouncer(world.application.url, 2) as url:
        yield url


@contextmanager
def tenancy_behind(url: URL, world: World, connections: int = 1, **options: Any) -> Iterator[Tenancy]:
    engine = sqlalchemy.create_engine(url, pool_size=connections, max_overflow=0, connect_args=options)
    yield Tenancy(engine, settings=settings_for(url), key=world.key)
    engine.dispose()


def test_tenants_take_turns_on_one_connection(world: World, one: URL) -> None:
    with (
        tenancy_behind(one, world, connections=2) as tenancy,
        tenancy.session(world.a.tenant_id) as a,
        tenancy.session(world.b.tenant_id) as b,
    ):
        processes = set()
        for _ in range(REPEATED):
            for session, household in ((a, world.a), (b, world.b)):
                assert session.scalar(TENANTS) == [household.tenant_id]
                processes.add(session.scalar(PROCESS))
                session.commit()
        assert len(processes) == 1


def test_a_tenant_goes_from_one_connection_to_another(world: World, two: URL) -> None:
    with tenancy_behind(two, world, connections=2) as tenancy, tenancy.session(world.a.tenant_id) as session:
        processes = set()
        for _ in range(REPEATED):
            # somebody takes the connection that the session had before
            with tenancy.session(world.b.tenant_id) as other:
                assert other.scalar(TENANTS) == [world.b.tenant_id]
                assert set(session.scalars(select(Workflow.tenant_id))) == {world.a.tenant_id}
                processes.add(session.scalar(PROCESS))
                other.commit()
                session.commit()
        assert len(processes) == 2


def test_threads_share_few_connections(world: World, two: URL) -> None:
    def visit(number: int) -> None:
        household = (world.a, world.b)[number % 2]
        with tenancy.session(household.tenant_id) as session:
            for _ in range(REPEATED):
                assert session.scalar(TENANTS) == [household.tenant_id]
                session.commit()

    with tenancy_behind(two, world, connections=8) as tenancy, ThreadPoolExecutor(8) as threads:
        list(threads.map(visit, range(16)))


def test_tasks_share_few_connections(world: World, two: URL) -> None:
    async def visit(tenancy: AsyncTenancy, number: int) -> None:
        household = (world.a, world.b)[number % 2]
        async with tenancy.session(household.tenant_id) as session:
            for _ in range(REPEATED):
                assert await session.scalar(TENANTS) == [household.tenant_id]
                await session.commit()

    async def main() -> None:
        engine = create_async_engine(two, pool_size=8, max_overflow=0)
        tenancy = AsyncTenancy(engine, settings=settings_for(two), key=world.key)
        await asyncio.gather(*(visit(tenancy, number) for number in range(16)))
        await engine.dispose()

    asyncio.run(main())


def test_a_context_costs_no_round_trip(world: World, one: URL) -> None:
    def within_a_tenant() -> None:
        with tenancy.session(world.a.tenant_id) as session:
            session.scalar(TENANTS)
            session.commit()

    with tenancy_behind(one, world) as tenancy:
        within_a_tenant()  # the first time the login is looked at
        # BEGIN with the context, the query, COMMIT: nothing is forgotten from here
        assert round_trips(tenancy.engine, within_a_tenant) == 3


@pytest.mark.parametrize("trace", list(TRACES))
def test_the_pooler_forgets_what_a_session_left(world: World, one: URL, trace: str) -> None:
    left, found, clean = TRACES[trace]
    with tenancy_behind(one, world) as tenancy:
        with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
            process = session.scalar(PROCESS)
            session.execute(text(left))
            session.commit()
        with tenancy.engine.connect() as connection:
            assert connection.scalar(PROCESS) == process
            assert connection.scalar(text(found)) in clean


def test_what_a_client_says_when_it_connects_stays(world: World, one: URL) -> None:
    with tenancy_behind(one, world, application_name="web") as tenancy:
        for _ in range(3):
            with tenancy.session(world.a.tenant_id) as session:
                assert session.scalar(text("SHOW application_name")) == "web"


def test_statements_are_prepared_behind_a_pooler_only_if_asked_for(world: World, two: URL) -> None:
    def threshold(tenancy: Tenancy) -> object:
        with tenancy.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            return driver.prepare_threshold

    with tenancy_behind(two, world) as tenancy:
        assert threshold(tenancy) is None
    with tenancy_behind(two, world, prepare_threshold=7) as tenancy:
        assert threshold(tenancy) == 7
    direct = tenancy_of(world.application.url, world)
    assert threshold(direct) == 5
    direct.engine.dispose()
