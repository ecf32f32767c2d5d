"""What PostgreSQL refuses of tokens, as exceptions: one class a SQLSTATE of ours."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final

from sqlalchemy.exc import DBAPIError

from tenantry.errors import TenantryError


class TokenError(TenantryError):
    """Base of what is refused of tokens; nothing has changed then.

    :ivar sqlstate: what PostgreSQL calls it.
    """

    sqlstate: ClassVar[str]


class InsufficientTokensError(TokenError):
    """A wallet has less than is asked of it, and its policy refuses that.

    :ivar available: tokens that it has.
    :ivar requested: tokens that were asked for.
    """

    sqlstate = "TK001"

    def __init__(self, message: str, available: int, requested: int) -> None:
        super().__init__(message)
        self.available = available
        self.requested = requested


class IdempotencyKeyError(TokenError):
    """An idempotency key was used before, with other arguments."""

    sqlstate = "TK002"


class WalletNotActiveError(TokenError):
    """A wallet is locked or suspended: nothing is taken out of it."""

    sqlstate = "TK003"


class UnexpectedLevelError(TokenError):
    """A wallet is on another level than the caller expected."""

    sqlstate = "TK004"


class ReservationEndedError(TokenError):
    """A reservation was settled, released or expired before."""

    sqlstate = "TK005"


class ReservationNotFoundError(TokenError):
    """The tenant has no such reservation."""

    sqlstate = "TK006"


class LedgerViolationError(TokenError):
    """A wallet was to change without an entry in its ledger, or by one that does not follow."""

    sqlstate = "TK007"


_BY_SQLSTATE: Final = {kind.sqlstate: kind for kind in TokenError.__subclasses__()}


@contextmanager
def token_errors() -> Iterator[None]:
    """Raise what PostgreSQL refuses of tokens as the exception that it is; every other error as it comes."""
    try:
        yield
    except DBAPIError as error:
        found = _token_error(error.orig)
        if found is None:
            raise
        raise found from error


def _token_error(refusal: Any) -> TokenError | None:
    kind = _BY_SQLSTATE.get(getattr(refusal, "sqlstate", None) or "")
    if kind is None:
        return None
    if kind is InsufficientTokensError:
        return InsufficientTokensError(refusal.diag.message_primary, **json.loads(refusal.diag.message_detail))
    return kind(refusal.diag.message_primary)
