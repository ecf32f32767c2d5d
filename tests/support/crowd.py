"""Requests of many tenants at once that succeed, fail, roll back and are cancelled, over few connections."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool, Text, cast, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from tenantry import AsyncTenancy, Tenancy
from tenantry.models import User, Workflow
from tenantry.models.roles import APPLICATION

SEEN = text("""
    SELECT array_agg(DISTINCT tenant_id), get_current_tenant(), get_current_user_id(), current_user::text
    FROM ai_workflows
""")
#: how transactions end, and how many of a hundred
ENDINGS = {
    "commit": 22,
    "write": 15,
    "undo": 10,
    "fail": 10,
    "trespass": 8,
    "savepoint": 10,
    "nobody": 10,
    "leave": 9,
    "cancel": 6,
}
_STEPS = 40  # of the event loop, within which a request is cancelled


def provision(superadmin: URL, number: int, **options: Any) -> dict[UUID, UUID]:
    """Tenants with their owners, and a workflow of each."""
    tenancy = Tenancy(sqlalchemy.create_engine(superadmin, poolclass=NullPool), **options)
    tenants = {}
    with tenancy.superadmin(reason="tenants of a crowd") as session:
        for count in range(number):
            owner = User(email=f"owner{count}@crowd.example")
            session.add(owner)
            session.flush()
            tenant = session.scalar(select(func.provision_tenant(f"crowd-{count}", f"Crowd {count}", owner.id)))
            assert tenant is not None
            tenants[tenant] = owner.id
            session.add(Workflow(tenant_id=tenant, name=str(tenant)))
        session.commit()
    return tenants


@dataclass
class Crowd:
    """Sessions that mind their tenant's business, all at the same time.

    :param tenants: each with its owner.
    :param written: how many workflows a tenant has at least; all bear its id as name.
    """

    tenancy: AsyncTenancy
    tenants: Mapping[UUID, UUID]
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    written: dict[UUID, int] = field(default_factory=dict)
    transactions: int = 0
    cancelled: int = 0

    async def rush(self, sessions: int, transactions: int) -> None:
        """All of them at once, each with so many transactions."""
        tenants = list(self.tenants)
        self.written = dict.fromkeys(tenants, 1)
        async with asyncio.TaskGroup() as group:
            for number in range(sessions):
                group.create_task(self.visit(tenants[number % len(tenants)], transactions))

    async def visit(self, tenant: UUID, transactions: int) -> None:
        """One after the other in the same session."""
        async with self.tenancy.session(tenant, self.tenants[tenant]) as session:
            for ending in self.chance.choices(list(ENDINGS), list(ENDINGS.values()), k=transactions):
                self.transactions += 1
                if ending not in ("nobody", "cancel"):
                    await self.look(session, tenant)
                await getattr(self, ending)(session, tenant)

    async def look(self, session: AsyncSession, tenant: UUID) -> None:
        """What there is to see, by SQL that names no tenant."""
        seen = (await session.execute(SEEN)).one()
        assert tuple(seen) == ([tenant], tenant, self.tenants[tenant], APPLICATION)

    async def commit(self, session: AsyncSession, tenant: UUID) -> None:
        assert set(await session.scalars(select(Workflow.name))) == {str(tenant)}
        await session.commit()

    async def write(self, session: AsyncSession, tenant: UUID) -> None:
        session.add(Workflow(name=str(tenant)))
        await session.commit()
        self.written[tenant] += 1

    async def undo(self, session: AsyncSession, tenant: UUID) -> None:
        session.add(Workflow(name=f"never of {tenant}"))
        await session.flush()
        await session.rollback()

    async def fail(self, session: AsyncSession, tenant: UUID) -> None:  # noqa: ARG002
        with pytest.raises(DBAPIError, match="division by zero"):
            await session.execute(text("SELECT 1 / 0"))
        await session.rollback()

    async def trespass(self, session: AsyncSession, tenant: UUID) -> None:
        other = self.chance.choice([known for known in self.tenants if known != tenant])
        session.add(Workflow(tenant_id=other, name=f"of {tenant}"))
        with pytest.raises(DBAPIError, match="violates row-level security policy"):
            await session.flush()
        await session.rollback()

    async def savepoint(self, session: AsyncSession, tenant: UUID) -> None:
        nested = await session.begin_nested()
        session.add(Workflow(name=f"never of {tenant}"))
        await session.flush()
        with pytest.raises(DBAPIError, match="division by zero"):
            await session.execute(text("SELECT 1 / 0"))
        await nested.rollback()
        await self.look(session, tenant)
        await session.commit()

    async def nobody(self, session: AsyncSession, tenant: UUID) -> None:
        """Somebody without a context, amid all the others."""
        del session, tenant
        async with self.tenancy.session() as stranger:
            assert tuple((await stranger.execute(SEEN)).one()) == (None, None, None, APPLICATION)

    async def leave(self, session: AsyncSession, tenant: UUID) -> None:  # noqa: ARG002
        await session.close()

    async def cancel(self, session: AsyncSession, tenant: UUID) -> None:
        """Another request of the tenant is cancelled, at whatever point it has come to."""
        del session
        request = asyncio.create_task(self.short(tenant))
        for _ in range(self.chance.randrange(_STEPS)):
            await asyncio.sleep(0)
        request.cancel()
        await asyncio.wait([request])
        if request.cancelled():
            self.cancelled += 1
        else:
            request.result()

    async def short(self, tenant: UUID) -> None:
        async with self.tenancy.begin(tenant, self.tenants[tenant]) as session:
            await self.look(session, tenant)
            session.add(Workflow(name=str(tenant)))

    def check(self, superuser: URL) -> None:
        """Every row is where it belongs, and none that was committed is missing."""
        strayed = func.count().filter(Workflow.name != cast(Workflow.tenant_id, Text))
        rows = select(Workflow.tenant_id, func.count(), strayed).group_by(Workflow.tenant_id)
        with sqlalchemy.create_engine(superuser, poolclass=NullPool).connect() as connection:
            found = connection.execute(rows.where(Workflow.tenant_id.in_(self.tenants))).all()
        assert len(found) == len(self.tenants)
        for tenant, number, elsewhere in found:
            assert elsewhere == 0
            assert number >= self.written[tenant]
