"""Tokens, as an application uses them: each function takes a session in a tenant's context, and commits nothing.

    with tenancy.begin(tenant_id, user_id) as session:
        reservation = tokens.reserve(session, user_id, 5_000, "chat", execution_id=execution_id)
        answer = ...
        tokens.settle(session, reservation.id, answer.total_tokens)

The same functions for an ``AsyncSession`` are those of :mod:`tenantry.tokens.asynchronous`. What is refused comes as
an exception of :mod:`tenantry.tokens.errors`; a caller that goes on after one does so from a savepoint
(``session.begin_nested()``), as after any error of PostgreSQL's.
"""

from tenantry.tokens.calls import (
    adjust,
    allocate,
    expire,
    post,
    release,
    release_expired,
    reserve,
    reset_monthly,
    settle,
    spread,
    transfer,
    verify,
)
from tenantry.tokens.errors import (
    IdempotencyKeyError,
    InsufficientTokensError,
    LedgerViolationError,
    ReservationEndedError,
    ReservationNotFoundError,
    TokenError,
    UnexpectedLevelError,
    WalletNotActiveError,
)
from tenantry.tokens.postings import Posting
from tenantry.tokens.results import Balance, Discrepancy, Entry, Reservation

__all__ = [
    "Balance",
    "Discrepancy",
    "Entry",
    "IdempotencyKeyError",
    "InsufficientTokensError",
    "LedgerViolationError",
    "Posting",
    "Reservation",
    "ReservationEndedError",
    "ReservationNotFoundError",
    "TokenError",
    "UnexpectedLevelError",
    "WalletNotActiveError",
    "adjust",
    "allocate",
    "expire",
    "post",
    "release",
    "release_expired",
    "reserve",
    "reset_monthly",
    "settle",
    "spread",
    "transfer",
    "verify",
]
