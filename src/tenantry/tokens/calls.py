"""The functions of the database, typed."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from tenantry.models.tokens import TokenDirection
from tenantry.tokens.errors import token_errors
from tenantry.tokens.postings import Posting, as_json
from tenantry.tokens.results import Balance, Discrepancy, Entry, Reservation

Result = TypeVar("Result", Entry, Reservation, Balance, Discrepancy)

WALLETS: Final = "user_token_wallets"
LEDGER: Final = "user_token_ledger"
RESERVATIONS: Final = "token_reservations"


def adjust(
    session: Session,
    user_id: UUID,
    amount: int,
    direction: TokenDirection,
    reason: str,
    *,
    source: str = "system",
    reference_type: str | None = None,
    reference_id: UUID | None = None,
    execution_id: UUID | None = None,
    metadata: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    expected_level_id: UUID | None = None,
    expires_at: datetime | None = None,
) -> Entry:
    """Post a change of a user's wallet and return its entry.

    :param amount: tokens, above zero; an adjustment's may be below.
    :param direction: credits and positive adjustments make tokens, which is for the superadmin.
    :param idempotency_key: what makes a retry harmless: the same key again returns the first entry.
    :param expected_level_id: the level that the wallet has to be on.
    :param expires_at: when what is left of a credit leaves the wallet; None is never.
    :raises InsufficientTokensError: if the wallet has less than is taken and its policy refuses that.
    :raises IdempotencyKeyError: if the key was used with other arguments.
    :raises WalletNotActiveError: if tokens are taken out of a wallet that is locked or suspended.
    :raises UnexpectedLevelError: if the wallet is on another level.
    """
    return _one(
        session, Entry, LEDGER, "adjust_user_tokens",
        user_id=user_id, amount=amount, direction=str(direction), reason=reason, source=source,
        reference_type=reference_type, reference_id=reference_id, execution_id=execution_id,
        metadata=metadata or {}, idempotency_key=idempotency_key, expected_level_id=expected_level_id,
        expires_at=expires_at,
    )  # fmt: skip


def post(session: Session, postings: Iterable[Posting]) -> list[Entry]:
    """Post many changes in one call, all of them or none; return their entries in the same order.

    Each is made once if it has an idempotency key, also where the others are new.

    :raises TokenError: what :func:`adjust` raises for the first that is refused.
    """
    statement, arguments = _call("post_token_entries", entries=as_json(postings))
    source = f"jsonb_populate_recordset(NULL::{LEDGER}, {statement}) AS entry"
    return _rows(session, Entry, source, arguments, "entry")


def transfer(
    session: Session,
    from_user_id: UUID,
    to_user_id: UUID,
    amount: int,
    reason: str,
    *,
    metadata: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> tuple[Entry, Entry]:
    """Move tokens between two members, which owners and admins may; return both entries, the giver's first.

    :raises InsufficientTokensError: if the giver has less, whatever his policy.
    :raises IdempotencyKeyError: if the key was used with other arguments.
    :raises WalletNotActiveError: if the giver's wallet is locked or suspended.
    """
    statement, arguments = _call(
        "transfer_tokens",
        from_user_id=from_user_id, to_user_id=to_user_id, amount=amount, reason=reason,
        metadata=metadata or {}, idempotency_key=idempotency_key,
    )  # fmt: skip
    both = "jsonb_build_array(moved -> 'from', moved -> 'to')"
    source = f"{statement} AS moved, jsonb_populate_recordset(NULL::{LEDGER}, {both}) AS entry"
    given, taken = _rows(session, Entry, source, arguments, "entry")
    return given, taken


def reserve(
    session: Session,
    user_id: UUID,
    amount: int,
    reason: str,
    *,
    expires_in: timedelta = timedelta(hours=1),
    reference_type: str | None = None,
    reference_id: UUID | None = None,
    execution_id: UUID | None = None,
    metadata: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Reservation:
    """Set tokens of a user aside for work under way.

    :param expires_in: how long they stay aside unless the reservation is settled or released before.
    :raises InsufficientTokensError: if the wallet has less and its policy refuses that.
    :raises IdempotencyKeyError: if the key was used with other arguments.
    :raises WalletNotActiveError: if the wallet is locked or suspended.
    """
    return _one(
        session, Reservation, RESERVATIONS, "reserve_tokens",
        user_id=user_id, amount=amount, reason=reason, expires_in=expires_in,
        reference_type=reference_type, reference_id=reference_id, execution_id=execution_id,
        metadata=metadata or {}, idempotency_key=idempotency_key,
    )  # fmt: skip


def settle(session: Session, reservation_id: UUID, amount: int) -> Reservation:
    """End a reservation: what was really used is debited, the rest is free again.

    :param amount: tokens that were used; none, less than was set aside, or more if there is more.
    :raises ReservationEndedError: if it was settled, released or expired before.
    :raises ReservationNotFoundError: if the tenant has no such reservation.
    :raises InsufficientTokensError: if more was used than there is.
    """
    return _one(
        session, Reservation, RESERVATIONS, "settle_token_reservation",
        reservation_id=reservation_id, amount=amount,
    )  # fmt: skip


def release(session: Session, reservation_id: UUID) -> Reservation:
    """End a reservation of which nothing was used.

    :raises ReservationEndedError: if it was settled, released or expired before.
    :raises ReservationNotFoundError: if the tenant has no such reservation.
    """
    return _one(session, Reservation, RESERVATIONS, "release_token_reservation", reservation_id=reservation_id)


def release_expired(session: Session, limit: int = 1000) -> int:
    """End the reservations that have expired, the oldest first, and return how many; the next call goes on."""
    return _number(session, "release_expired_reservations", limit=limit)


def spread(session: Session, user_id: UUID, slots: int) -> int:
    """Spread a wallet that many use at the same instant over slots, or gather it (1); return how many it had.

    :param slots: 1 to 64; calls wait for one another only where they use the same.
    """
    return _number(session, "spread_user_tokens", user_id=user_id, slots=slots)


def expire(session: Session, limit: int = 1000) -> int:
    """Take what is left of credits that have expired out of wallets, and return of how many; the next call goes on."""
    return _number(session, "expire_credits", limit=limit)


def allocate(session: Session, user_id: UUID, level_id: UUID) -> Balance:
    """Put a member on a level and give him what its policy allots, once or for this month; return what he has then."""
    return _one(session, Balance, WALLETS, "auto_allocate_tokens_for_level", user_id=user_id, level_id=level_id)


def reset_monthly(session: Session, limit: int | None = None) -> int:
    """Begin the month for every monthly wallet that has not, and return how many; after a limit the next call goes on.

    :param limit: the most wallets to do in this transaction; None is all.
    """
    return _number(session, "reset_monthly_tokens", limit=limit)


def verify(session: Session, tenant_id: UUID | None = None) -> list[Discrepancy]:
    """The wallets, among those that the session sees, whose figures are not the sums of their ledger.

    :param tenant_id: the tenant to look at; None is all of them.
    """
    return _rows(session, Discrepancy, *_call("verify_token_ledger", tenant_id=tenant_id), "verify_token_ledger")


def _one(session: Session, kind: type[Result], table: str, function: str, **arguments: Any) -> Result:
    """The row that a function returns as JSON."""
    statement, arguments = _call(function, **arguments)
    source = f"jsonb_populate_record(NULL::{table}, {statement}) AS found"
    (found,) = _rows(session, kind, source, arguments, "found")
    return found


def _rows(session: Session, kind: type[Result], source: str, arguments: dict[str, Any], of: str) -> list[Result]:
    columns = ", ".join(f"{of}.{field.name}" for field in fields(kind))
    return [kind(**row) for row in _execute(session, f"SELECT {columns} FROM {source}", arguments).mappings()]  # noqa: S608


def _number(session: Session, function: str, **arguments: Any) -> int:
    statement, arguments = _call(function, **arguments)
    return int(_execute(session, f"SELECT {statement}", arguments).scalar_one())


def _call(function: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """A call by name of what is given; what is not, the function's own default fills in."""
    given = {name: value for name, value in arguments.items() if value is not None}
    return f"{function}({', '.join(f'p_{name} => :{name}' for name in given)})", given


def _execute(session: Session, statement: str, arguments: dict[str, Any]) -> Any:
    made = text(statement)
    if "metadata" in arguments:
        made = made.bindparams(bindparam("metadata", type_=JSONB))
    # a new member, say, before tokens are his
    session.flush()
    with token_errors():
        return session.execute(made, arguments)
