"""Who is it, asked before there is a context: who logs in, for whom a key acts, which tenants there are to choose from.

    with tenancy.session() as session:
        login = find_login(session, "alice@example.com")  # then verify the password
    with tenancy.session(user=login.user_id) as session:
        tenants = my_tenants(session)

An ``AsyncSession`` runs them with ``await session.run_sync(find_login, "alice@example.com")``.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tenantry.runtime.context import configured_key, configured_settings, context_of


@dataclass(frozen=True)
class Login:
    """A person who wants to log in, and the hash that his password is verified by; None where he has no password."""

    user_id: UUID
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True)
class Client:
    """For whom a client with an API key acts; without a user for the tenant itself, which reads only."""

    api_key_id: UUID
    tenant_id: UUID
    user_id: UUID | None


@dataclass(frozen=True)
class Membership:
    """A tenant of a person, and his role in it."""

    tenant_id: UUID
    slug: str
    name: str
    role: str


def find_login(session: Session, email: str) -> Login | None:
    """The active person with this address; the question is signed, which SQL that somebody injects could not."""
    context = context_of(session)
    key = configured_key(configured_settings()) if context is None or context.key is None else context.key
    called = func.find_login(email, key.login_proof(email)).table_valued("user_id", "password_hash")
    row = session.execute(select(called)).one_or_none()
    return None if row is None else Login(*row)


def find_api_key(session: Session, api_key: str) -> Client | None:
    """For whom a client with this key acts; None for one that is unknown, revoked, inactive or expired."""
    hashed = hashlib.sha256(api_key.encode()).hexdigest()
    called = func.find_api_key(hashed).table_valued("api_key_id", "tenant_id", "user_id")
    row = session.execute(select(called)).one_or_none()
    return None if row is None else Client(*row)


def my_tenants(session: Session) -> Sequence[Membership]:
    """The tenants of the user whose session it is, by name."""
    called = func.get_my_tenants().table_valued("tenant_id", "slug", "name", "role")
    return [Membership(*row) for row in session.execute(select(called))]
