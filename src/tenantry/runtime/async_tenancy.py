"""Sessions of a tenant under asyncio; everything else is as in :mod:`tenantry.runtime.tenancy`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import URL, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from tenantry.runtime.context import LIFETIME, SESSION_CONTEXT, ContextKey
from tenantry.runtime.database import database_url
from tenantry.runtime.pooling import forget_between_requests
from tenantry.runtime.tenancy import Contexts, RoleContext, TenantSession, on_record
from tenantry.settings import Settings, parse_url


class AsyncTenancy:
    """Makes sessions of tenants, and of the superadmin, for asyncio.

    :param engine: an engine of the application's own, a URL, or nothing for the configured database.
    :param settings: those of the environment unless given.
    :param key: what signs contexts; the settings' key unless given.
    :param lifetime: how long a transaction may take before its context expires.
    :param options: what ``AsyncSession`` takes, for all sessions.
    """

    def __init__(
        self,
        engine: AsyncEngine | URL | str | None = None,
        *,
        settings: Settings | None = None,
        key: ContextKey | None = None,
        lifetime: timedelta = LIFETIME,
        **options: Any,
    ) -> None:
        self._contexts = Contexts(engine, settings, key, lifetime)
        self._options = options
        self.engine = engine if isinstance(engine, AsyncEngine) else _created(engine, self._contexts.settings)
        forget_between_requests(self.engine.sync_engine)

    def session(self, tenant: UUID | None = None, user: UUID | None = None, **options: Any) -> AsyncSession:
        """As :meth:`tenantry.Tenancy.session`."""
        return self._session(self._contexts.of(tenant, user), options)

    @asynccontextmanager
    async def begin(
        self, tenant: UUID | None = None, user: UUID | None = None, **options: Any
    ) -> AsyncIterator[AsyncSession]:
        """As :meth:`tenantry.Tenancy.begin`."""
        async with self.session(tenant, user, **options) as session, session.begin():
            yield session

    @asynccontextmanager
    async def superadmin(
        self, *, reason: str, tenant: UUID | None = None, **options: Any
    ) -> AsyncIterator[AsyncSession]:
        """As :meth:`tenantry.Tenancy.superadmin`."""
        context = self._contexts.of_superadmin()
        async with self._session(context, options) as session:
            record = await session.scalar(select(on_record(reason, tenant)))
            await session.commit()
            session.info[SESSION_CONTEXT] = replace(context, record=record)
            yield session

    def _session(self, context: RoleContext, options: dict[str, Any]) -> AsyncSession:
        merged = {**self._options, **options}
        info = {**merged.pop("info", {}), SESSION_CONTEXT: context}
        return AsyncSession(self.engine, sync_session_class=TenantSession, info=info, **merged)


def _created(url: URL | str | None, settings: Settings) -> AsyncEngine:
    found = parse_url(url) if isinstance(url, str) else url
    return create_async_engine(database_url(settings) if found is None else found)
