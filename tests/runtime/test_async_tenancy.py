"""Sessions of tenants under asyncio, where many share few connections."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import URL, func, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from tests.models.conftest import World, world
from tests.support.databases import settings_for

from tenantry import AsyncTenancy, acting_for
from tenantry.models import Workflow
from tenantry.models.roles import SUPERADMIN
from tenantry.runtime.logins import LoginRefusedError

__all__ = ["world"]

WORKFLOWS = select(func.count()).select_from(Workflow)
EVERYTHING = text("SELECT count(*) FROM ai_workflows")
TENANTS = text("SELECT array_agg(DISTINCT tenant_id) FROM ai_workflows")


@asynccontextmanager
async def tenancy_of(url: URL, world: World, connections: int = 1) -> AsyncIterator[AsyncTenancy]:
    engine = create_async_engine(url, pool_size=connections, max_overflow=0)
    yield AsyncTenancy(engine, settings=settings_for(url), key=world.key)
    await engine.dispose()


def run(world: World, work: Callable[[AsyncTenancy], Awaitable[None]], connections: int = 1) -> None:
    async def main() -> None:
        async with tenancy_of(world.application.url, world, connections) as tenancy:
            await work(tenancy)

    asyncio.run(main())


def test_a_session_is_one_tenants_in_every_transaction(world: World) -> None:
    async def work(tenancy: AsyncTenancy) -> None:
        async with tenancy.session(world.a.tenant_id, world.members["owner"]) as session:
            for end in (session.commit, session.rollback, session.commit):
                assert await session.scalar(EVERYTHING) == len(world.a.rows["ai_workflows"])
                await end()
            mine = world.a.rows["ai_workflows"][0]["id"]
            assert await session.get(Workflow, mine) is not None
            assert await session.get(Workflow, world.b.rows["ai_workflows"][0]["id"]) is None
        async with tenancy.session() as session:
            assert await session.scalar(EVERYTHING) == 0

    run(world, work)


def test_a_middleware_says_once_for_whom_it_acts(world: World) -> None:
    async def request(tenancy: AsyncTenancy, tenant_id: uuid.UUID) -> None:
        with acting_for(tenant_id):
            async with tenancy.begin() as session:
                assert await session.scalar(TENANTS) == [tenant_id]

    async def work(tenancy: AsyncTenancy) -> None:
        await asyncio.gather(*(request(tenancy, tenant) for tenant in (world.a.tenant_id, world.b.tenant_id) * 5))

    run(world, work, connections=2)


def test_the_superadmin_sees_all_tenants(world: World) -> None:
    async def work() -> None:
        async with tenancy_of(world.superadmin.url, world) as tenancy:
            async with tenancy.superadmin(reason="a test") as session:
                assert len(await session.scalar(TENANTS)) == 2
            async with tenancy.session(world.a.tenant_id) as session:
                with pytest.raises(LoginRefusedError, match="is no member of"):
                    await session.scalar(EVERYTHING)
        async with tenancy_of(world.application.url, world) as tenancy:
            with pytest.raises(LoginRefusedError, match=f"is no member of {SUPERADMIN}"):
                async with tenancy.superadmin(reason="a test"):
                    pass

    asyncio.run(work())
