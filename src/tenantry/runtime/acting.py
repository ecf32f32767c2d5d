"""For whom a request acts, said once by a middleware for all that the request does."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Acting:
    """A user of a tenant; without a tenant on his own, without a user a tenant that is only read."""

    tenant: UUID | None = None
    user: UUID | None = None


_nobody = Acting()
_acting: ContextVar[Acting] = ContextVar("tenantry_acting")


@contextmanager
def acting_for(tenant: UUID | None, user: UUID | None = None) -> Iterator[None]:
    """Let the sessions that are opened within act for this user of this tenant, unless they are told otherwise.

    It holds for the current thread or asyncio task, and for tasks that start within.
    """
    token = _acting.set(Acting(tenant, user))
    try:
        yield
    finally:
        _acting.reset(token)


def current_acting() -> Acting:
    """For whom the current thread or task acts."""
    return _acting.get(_nobody)
