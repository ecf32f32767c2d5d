"""Sessions of a tenant: ``Tenancy`` is to them what ``sessionmaker`` is to sessions.

    tenancy = Tenancy("postgresql://requests@db.example.com/app")
    with tenancy.session(tenant=tenant_id, user=user_id) as session:
        project = session.get(Project, project_id)  # of this tenant or not at all
        session.commit()

Role and context hold for a transaction. A session enters them with each BEGIN, in the same round trip, so that it goes
on after a commit as it began, nothing stays in a pooled connection, and PgBouncer may pool transactions.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, func, inspect, select
from sqlalchemy.orm import Session

from tenantry.models.base import TenantOwned
from tenantry.runtime.acting import Acting, current_acting
from tenantry.runtime.context import (
    LIFETIME,
    SESSION_CONTEXT,
    SUPERADMIN_SETTING,
    Context,
    ContextKey,
    context_of,
    signing_key,
)
from tenantry.runtime.database import create_engine
from tenantry.runtime.logins import check_login
from tenantry.runtime.pooling import forget_between_requests
from tenantry.settings import Settings, load_settings, parse_url


class TenantSession(Session):
    """A session that acts for the same user of the same tenant all its life."""

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """The row with this key; of a tenant's table the id is enough."""
        context = context_of(self)
        if context is not None and context.tenant_id is not None and _is_id_within_tenant(entity, ident):
            ident = (context.tenant_id, ident)
        return super().get(entity, ident, **options)


def _is_id_within_tenant(entity: Any, ident: Any) -> bool:
    mapper = inspect(entity)
    return (
        issubclass(mapper.class_, TenantOwned)
        and len(mapper.primary_key) > 1
        and not isinstance(ident, tuple | list | dict)
    )


@dataclass(frozen=True)
class RoleContext(Context):
    """A context, and the role that its transactions run as.

    :param deployment: the settings by which the login is checked; None checks nothing.
    :param checked: the roles that the login is known to be fit for.
    :param record: the entry of admin_audit_logs that lets a superadmin see all tenants.
    """

    role: str = ""
    deployment: Settings | None = None
    checked: set[str] = field(default_factory=set, compare=False)
    record: UUID | None = None

    def enter(self, connection: Connection) -> None:
        """Let the connection's transaction run in it.

        :raises LoginRefusedError: the first time, when the login is not fit for it.
        """
        if self.role not in self.checked and self.deployment is not None:
            check_login(connection.connection.cursor(), self.role, self.deployment)
            self.checked.add(self.role)
        super().enter(connection)

    def settings(self) -> dict[str, str]:
        """The settings that make it up."""
        on_record = {} if self.record is None else {SUPERADMIN_SETTING: str(self.record)}
        return {"role": self.role, **super().settings(), **on_record}


class Contexts:
    """What both kinds of tenancy have in common: whose contexts they make, and how these are signed.

    :param place: where an application says it connects; None is the configured database.
    :param settings: those of the environment unless given.
    :param key: what signs contexts; the settings' key unless given.
    :param lifetime: how long a transaction may take before its context expires.
    """

    def __init__(self, place: object, settings: Settings | None, key: ContextKey | None, lifetime: timedelta) -> None:
        self.settings = settings or load_settings()
        # the embedded server has a superuser alone, so there nothing is refused
        self._checks = place is not None or self.settings.url is not None
        self._key = key
        self._lifetime = lifetime
        self._checked: set[str] = set()

    def of(self, tenant: UUID | None, user: UUID | None) -> RoleContext:
        """That of a request."""
        acting = current_acting() if tenant is None and user is None else Acting(tenant, user)
        return self._as(self.settings.app_role, acting)

    def of_superadmin(self) -> RoleContext:
        """That of the superadmin, who is bound to no tenant."""
        return self._as(self.settings.superadmin_role, Acting())

    def _as(self, role: str, acting: Acting) -> RoleContext:
        key = signing_key(self.settings, self._key)
        deployment = self.settings if self._checks else None
        return RoleContext(acting.tenant, acting.user, key, self._lifetime, role, deployment, self._checked)


class Tenancy:
    """Makes sessions of tenants, and of the superadmin.

    :param engine: an engine of the application's own, a URL, or nothing for the configured database.
    :param settings: those of the environment unless given.
    :param key: what signs contexts; the settings' key unless given.
    :param lifetime: how long a transaction may take before its context expires.
    :param options: what ``Session`` takes, for all sessions.
    """

    def __init__(
        self,
        engine: Engine | URL | str | None = None,
        *,
        settings: Settings | None = None,
        key: ContextKey | None = None,
        lifetime: timedelta = LIFETIME,
        **options: Any,
    ) -> None:
        self._contexts = Contexts(engine, settings, key, lifetime)
        self._options = options
        self.engine = engine if isinstance(engine, Engine) else _created(engine, self._contexts.settings)
        forget_between_requests(self.engine)

    def session(self, tenant: UUID | None = None, user: UUID | None = None, **options: Any) -> TenantSession:
        """A session of a user of a tenant; without either, of whom :func:`acting_for` says.

        Without a tenant the user is on his own; without a user the tenant can be read only; without both there is
        nothing to see, and writes are refused.

        :raises LoginRefusedError: when it first begins, if row security does not bind the login.
        """
        return self._session(self._contexts.of(tenant, user), options)

    @contextmanager
    def begin(self, tenant: UUID | None = None, user: UUID | None = None, **options: Any) -> Iterator[TenantSession]:
        """A session that commits at the end, or rolls back on an exception."""
        with self.session(tenant, user, **options) as session, session.begin():
            yield session

    @contextmanager
    def superadmin(self, *, reason: str, tenant: UUID | None = None, **options: Any) -> Iterator[TenantSession]:
        """A session that sees all tenants, for 8 hours; the use of it is on record before it sees anything.

        :param reason: why, for the record.
        :param tenant: the tenant that it is about, for the record.
        :raises LoginRefusedError: when the login is no member of the superadmin's role, or far more.
        """
        context = self._contexts.of_superadmin()
        with self._session(context, options) as session:
            record = session.scalar(select(on_record(reason, tenant)))
            session.commit()
            session.info[SESSION_CONTEXT] = replace(context, record=record)
            yield session

    def _session(self, context: RoleContext, options: dict[str, Any]) -> TenantSession:
        merged = {**self._options, **options}
        info = {**merged.pop("info", {}), SESSION_CONTEXT: context}
        return TenantSession(self.engine, info=info, **merged)


def on_record(reason: str, tenant: UUID | None) -> Any:
    """The call that enters a use of the superadmin's rights into admin_audit_logs.

    :raises ValueError: without a reason.
    """
    if not reason.strip():
        raise ValueError("say why all tenants have to be seen: it goes on record")
    return func.record_superadmin_use(reason, tenant)


def _created(url: URL | str | None, settings: Settings) -> Engine:
    if url is None:
        return create_engine(settings)
    return sqlalchemy.create_engine(parse_url(url) if isinstance(url, str) else url)
