"""The example of a web application, by HTTP, on a real server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from examples.web import office, requests
from examples.web.passes import Passes, Person
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Engine, select
from sqlalchemy.ext.asyncio import create_async_engine
from tests.models.conftest import World, own_world
from tests.support.databases import settings_for

from tenantry import AsyncTenancy
from tenantry.models import AdminAuditLog

__all__ = ["own_world"]

PASSES = Passes("the secret of the application")
OFFICE_PASSES = Passes("the secret of the back office")

Work = Callable[[AsyncClient], Awaitable[None]]


@asynccontextmanager
async def tenancy_of(engine: Engine, world: World) -> AsyncIterator[AsyncTenancy]:
    made = create_async_engine(engine.url, pool_size=3, max_overflow=0)
    yield AsyncTenancy(made, settings=settings_for(engine.url), key=world.key)
    await made.dispose()


def with_requests(world: World, work: Work) -> None:
    async def main() -> None:
        async with tenancy_of(world.application, world) as tenancy:
            transport = ASGITransport(requests.create_application(tenancy, PASSES))
            async with AsyncClient(transport=transport, base_url="http://web") as client:
                await work(client)

    asyncio.run(main())


def with_office(world: World, work: Work) -> None:
    async def main() -> None:
        async with tenancy_of(world.superadmin, world) as tenancy:
            transport = ASGITransport(office.create_application(tenancy, OFFICE_PASSES))
            async with AsyncClient(transport=transport, base_url="http://office") as client:
                await work(client)

    asyncio.run(main())


def pass_of(user: uuid.UUID, tenant: uuid.UUID | None = None, passes: Passes = PASSES) -> dict[str, str]:
    return {"Authorization": f"Bearer {passes.issue(Person(user, tenant))}"}


@pytest.fixture
def a(own_world: World) -> dict[str, str]:
    return pass_of(own_world.members["owner"], own_world.a.tenant_id)


@pytest.fixture
def b(own_world: World) -> dict[str, str]:
    with own_world.superuser.begin() as connection:
        member = own_world.b.new_member(connection, "member")
    return pass_of(member, own_world.b.tenant_id)


def names(answer: Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [workflow["name"] for workflow in answer.json()]


def test_two_tenants_at_the_same_time(own_world: World, a: dict[str, str], b: dict[str, str]) -> None:
    async def work(client: AsyncClient) -> None:
        before = {name: set(names(await client.get("/workflows", headers=of))) for name, of in (("a", a), ("b", b))}
        given = [(f"{name} {count}", of) for count in range(20) for name, of in (("a", a), ("b", b))]
        made = await asyncio.gather(
            *(client.post("/workflows", headers=of, json={"name": name}) for name, of in given),
            *(client.get("/workflows", headers=of) for _, of in given),
        )
        assert [answer.json()["name"] for answer in made[: len(given)]] == [name for name, _ in given]
        for (name, _), answer in zip(given, made[len(given) :], strict=True):
            assert {seen[0] for seen in set(names(answer)) - before[name[0]]} <= {name[0]}
        for name, of in (("a", a), ("b", b)):
            found = set(names(await client.get("/workflows", headers=of)))
            assert found == {f"{name} {count}" for count in range(20)} | before[name]

    with_requests(own_world, work)


def test_one_tenants_workflow_is_not_found_by_another(own_world: World, a: dict[str, str], b: dict[str, str]) -> None:
    async def work(client: AsyncClient) -> None:
        made = await client.post("/workflows", headers=a, json={"name": "of A", "description": "its own"})
        assert made.status_code == 201
        path = f"/workflows/{made.json()['id']}"
        assert (await client.get(path, headers=a)).json() == made.json()
        assert (await client.get(path, headers=b)).status_code == 404

    with_requests(own_world, work)


def test_who_is_nobody_signs_in(own_world: World, a: dict[str, str]) -> None:
    member, tenant = own_world.members["member"], own_world.a.tenant_id
    expired = PASSES.issue(Person(member, tenant), -timedelta(seconds=1))
    nobody = {
        "without a pass": {},
        "with half a pass": {"Authorization": a["Authorization"][:-1]},
        "with a key of another": pass_of(member, tenant, OFFICE_PASSES),
        "in a tenant that is not his": pass_of(member, own_world.b.tenant_id),
        "too late": {"Authorization": f"Bearer {expired}"},
        "otherwise": {"Authorization": a["Authorization"].replace("Bearer", "Basic")},
    }

    async def work(client: AsyncClient) -> None:
        for who, headers in nobody.items():
            assert (await client.get("/workflows", headers=headers)).status_code == 401, who
            assert (await client.post("/workflows", headers=headers, json={"name": "x"})).status_code == 401, who

    with_requests(own_world, work)


def test_a_viewer_reads_and_never_writes(own_world: World) -> None:
    viewer = pass_of(own_world.members["viewer"], own_world.a.tenant_id)

    async def work(client: AsyncClient) -> None:
        seen = names(await client.get("/workflows", headers=viewer))
        assert (await client.post("/workflows", headers=viewer, json={"name": "x"})).status_code == 403
        assert names(await client.get("/workflows", headers=viewer)) == seen

    with_requests(own_world, work)


def test_the_back_office_says_why_it_looks(own_world: World) -> None:
    operator = uuid.uuid4()
    reason = f"ticket {uuid.uuid4()}"

    async def work(client: AsyncClient) -> None:
        headers = pass_of(operator, passes=OFFICE_PASSES)
        assert (await client.get("/tenants", headers={"X-Reason": reason})).status_code == 401
        assert (await client.get("/tenants", headers=pass_of(operator) | {"X-Reason": reason})).status_code == 401
        assert (await client.get("/tenants", headers=headers)).status_code == 422
        answer = await client.get("/tenants", headers=headers | {"X-Reason": reason})
        shown = {tenant["id"]: tenant["workflows"] for tenant in answer.json()}
        for rows in (own_world.a, own_world.b):
            assert shown[str(rows.tenant_id)] == len(rows.rows["ai_workflows"])

    with_office(own_world, work)
    with own_world.superuser.connect() as connection:
        entries = connection.execute(
            select(AdminAuditLog.details).where(AdminAuditLog.details["reason"].astext.contains(reason))
        )
        assert [details["reason"] for details in entries.scalars()] == [f"{operator}: {reason}"]
