"""On whose behalf SQL runs: signed tokens, and sessions that carry one into every transaction.

    with Session(engine) as session, tenant_context(session, tenant_id, user_id):
        session.scalars(select(Workflow))  # of this tenant alone
        get_in_tenant(session, Workflow, workflow_id)

The token is local to a transaction, so that nothing of it stays in a pooled connection; a session enters it again
whenever it begins one. Without a context there are no rows, and writes are refused.
"""

import contextlib
import hashlib
import hmac
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction, UOWTransaction, with_loader_criteria

from tenantry.errors import SettingsError
from tenantry.models.base import TenantOwned
from tenantry.runtime.transaction_context import set_local
from tenantry.settings import Settings, load_settings

SETTING: Final = "tenantry.context"
#: where a deployment takes plain contexts
PLAIN_TENANT: Final = "tenantry.tenant"
PLAIN_USER: Final = "tenantry.user"
#: names the entry of admin_audit_logs that lets a superadmin see all tenants
SUPERADMIN_SETTING: Final = "tenantry.superadmin"
LIFETIME: Final = timedelta(minutes=15)
#: where a session keeps its context, in `Session.info`
SESSION_CONTEXT: Final = "tenantry.context"

_SHORTEST_KEY = 32
#: of HMAC-SHA256
_BLOCK = 64

Owned = TypeVar("Owned", bound=TenantOwned)


class ContextKey:
    """The key that signs contexts; the database knows it in a form that only its owner reads."""

    def __init__(self, secret: SecretStr | str | bytes) -> None:
        plain = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
        self._secret = plain.encode() if isinstance(plain, str) else plain
        if len(self._secret) < _SHORTEST_KEY:
            msg = f"TENANTRY_CONTEXT_KEY: has fewer than {_SHORTEST_KEY} bytes; choose a long random one"
            raise SettingsError(msg)

    @property
    def kid(self) -> str:
        """What names the key in a token."""
        return self._signature("tenantry context key")[:16]

    def token(self, tenant_id: UUID | None, user_id: UUID | None, lifetime: timedelta = LIFETIME) -> str:
        """A signed context, ``v1.<kid>.<tenant>.<user>.<expiry>.<mac>``."""
        expiry = int(time.time() + lifetime.total_seconds())
        claims = f"v1.{self.kid}.{tenant_id or ''}.{user_id or ''}.{expiry}"
        return f"{claims}.{self._signature(claims)}"

    def login_proof(self, email: str, lifetime: timedelta = timedelta(minutes=1)) -> str:
        """What lets ``find_login()`` answer for this address, ``l1.<kid>.<hash>.<expiry>.<mac>``."""
        expiry = int(time.time() + lifetime.total_seconds())
        claims = f"l1.{self.kid}.{hashlib.sha256(email.encode()).hexdigest()}.{expiry}"
        return f"{claims}.{self._signature(claims)}"

    def install(self, connection: Connection) -> None:
        """Let tokens of this key in; ``connection`` is the owner's, in a transaction.

        The database says what to mask the key with, so that neither a statement nor its parameters tell it to a log.
        """
        # past SQLAlchemy, which logs rows where it is told to
        cursor = connection.connection.cursor()
        cursor.execute("SELECT mask_context_key()")
        (mask,) = cursor.fetchone() or (b"",)
        hashed = hashlib.sha256(self._secret).digest() if len(self._secret) > _BLOCK else self._secret
        masked = bytes(key ^ cover for key, cover in zip(hashed.ljust(_BLOCK, b"\0"), mask, strict=True))
        connection.execute(select(func.install_context_key(self.kid, masked)))

    def _signature(self, claims: str) -> str:
        return hmac.new(self._secret, claims.encode(), hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"ContextKey(kid={self.kid!r})"


def configured_key(settings: Settings) -> ContextKey:
    """The key of the settings.

    :raises SettingsError: when they have none.
    """
    if settings.context_key is None:
        raise SettingsError("TENANTRY_CONTEXT_KEY: is not set, so that no context can be signed")
    return ContextKey(settings.context_key)


def signing_key(settings: Settings, given: ContextKey | None = None) -> ContextKey | None:
    """What signs the contexts of a deployment; None where they are plain.

    :param given: what goes before the key of the settings.
    """
    if settings.context == "plain":
        return None
    return given or configured_key(settings)


@cache
def configured_settings() -> Settings:
    """Those of the environment, read once."""
    return load_settings()


@dataclass(frozen=True)
class Context:
    """Whose context it is, and how it is signed; without a key it is plain."""

    tenant_id: UUID | None
    user_id: UUID | None
    key: ContextKey | None
    lifetime: timedelta = LIFETIME

    def enter(self, connection: Connection) -> None:
        """Let the connection's transaction run in it."""
        set_local(connection, self.settings())

    def settings(self) -> dict[str, str]:
        """The settings that make it up; an anonymous context is none."""
        if self.key is None:
            return {PLAIN_TENANT: str(self.tenant_id or ""), PLAIN_USER: str(self.user_id or "")}
        if self.tenant_id is None and self.user_id is None:
            return {SETTING: ""}
        return {SETTING: self.key.token(self.tenant_id, self.user_id, self.lifetime)}


@contextmanager
def tenant_context(
    target: Session | Connection,
    tenant_id: UUID | None,
    user_id: UUID | None = None,
    *,
    key: ContextKey | None = None,
    lifetime: timedelta = LIFETIME,
) -> Iterator[None]:
    """Run what a session or connection does as a user of a tenant.

    A session enters the context in every transaction it begins, and adds ``tenant_id = ...`` to its ORM queries, for
    the planner: row security is the guard. It takes no object across, in or out: it might be another tenant's.
    A connection enters the context in its current transaction only.

    :param tenant_id: the tenant; None leaves the user on his own.
    :param user_id: the user; None leaves a tenant that can be read only.
    :param key: what signs the context; the settings' key unless given.
    :param lifetime: how long a transaction may take before a signed context expires.
    """
    outer = target.info.get(SESSION_CONTEXT)
    _flush(target)
    _switch(target, Context(tenant_id, user_id, signing_key(configured_settings(), key), lifetime))
    try:
        yield
        _flush(target)
    finally:
        # a transaction in which this fails can only be rolled back, which takes the context away as well
        with contextlib.suppress(DBAPIError):
            _switch(target, outer)


def get_in_tenant(session: Session, model: type[Owned], row_id: UUID, **options: Any) -> Owned | None:
    """The row with this id of the tenant whose context the session is in; None if there is none.

    ``get_in_tenant(session, Project, project_id)`` is ``session.get(Project, (tenant_id, project_id))``, without a
    query where the session holds the row already.

    :param options: what ``Session.get`` takes, ``options=[selectinload(Project.tasks)]`` for example.
    """
    context = context_of(session)
    if context is None or context.tenant_id is None:
        return None
    return session.get(model, (context.tenant_id, row_id), **options)


def _switch(target: Session | Connection, context: Context | None) -> None:
    """Go over to another context. A session forgets what it loaded before, which may be another tenant's."""
    if isinstance(target, Session):
        target.expunge_all()
    target.info[SESSION_CONTEXT] = context
    if not target.in_transaction() and context is None:
        return
    if isinstance(target, Connection):
        _enter(target, context)
    elif target.in_transaction() and target.is_active:
        _enter(target.connection(), context)


def _flush(target: Session | Connection) -> None:
    if isinstance(target, Session) and target.is_active:
        target.flush()


def _enter(connection: Connection, context: Context | None) -> None:
    if context is None:
        set_local(connection, {SETTING: "", PLAIN_TENANT: "", PLAIN_USER: ""})
    else:
        context.enter(connection)


def context_of(session: Session) -> Context | None:
    """The context that a session is in."""
    found: Context | None = session.info.get(SESSION_CONTEXT)
    return found


@event.listens_for(Session, "after_begin")
def _enter_context(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    context = context_of(session)
    if context is not None and not transaction.nested:
        context.enter(connection)


@event.listens_for(Session, "do_orm_execute")
def _name_tenant(state: ORMExecuteState) -> None:
    context = context_of(state.session)
    if context is None or context.tenant_id is None or not _reads_models(state):
        return
    tenant_id = context.tenant_id
    state.statement = state.statement.options(
        with_loader_criteria(TenantOwned, lambda model: model.tenant_id == tenant_id, include_aliases=True)
    )


def _reads_models(state: ORMExecuteState) -> bool:
    """A query of models, but not what it loads in its wake: that takes the criterion over."""
    if state.is_column_load or state.is_relationship_load:
        return False
    return state.is_orm_statement and (state.is_select or state.is_update or state.is_delete)


@event.listens_for(Session, "before_flush")
def _fill_in_tenant(session: Session, flush: UOWTransaction, instances: Any) -> None:  # noqa: ARG001
    """Sparing the database a look at the token for each row."""
    context = context_of(session)
    if context is None or context.tenant_id is None:
        return
    for row in session.new:
        if isinstance(row, TenantOwned) and row.__dict__.get("tenant_id") is None:
            row.tenant_id = context.tenant_id
