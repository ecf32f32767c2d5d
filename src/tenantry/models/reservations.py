"""Reservations: tokens set aside for work under way, until it is known what it really took.

A reservation is open until it is settled, released or expired, and ends once only.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantUserScoped
from tenantry.models.columns import (
    BigInt,
    JsonObject,
    NewestFirst,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.context import EVERYBODY
from tenantry.models.posting import DEFINER
from tenantry.models.routines import function
from tenantry.models.tokens import Wallet, posted_by_functions

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class ReservationStatus(StrEnum):
    """Where a reservation stands: open holds tokens, the others are its three ends."""

    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"


class TokenReservation(TenantUserScoped, Base):
    """Tokens of a wallet that are set aside for work under way."""

    __tablename__ = "token_reservations"
    __written_by__ = "functions"

    wallet_id: Mapped[UUID] = reference("user_token_wallets")
    amount: Mapped[BigInt] = mapped_column(comment="what is set aside while it is open")
    settled_amount: Mapped[BigInt | None] = mapped_column(comment="what was really used")
    status: Mapped[ReservationStatus] = mapped_column(server_default=ReservationStatus.OPEN)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str]
    reference_type: Mapped[str | None]
    reference_id: Mapped[UUID | None]
    execution_id: Mapped[UUID | None] = mapped_column(comment="the run, of whatever kind, that it is for")
    idempotency_key: Mapped[str | None] = mapped_column(comment="given by the caller: the same key reserves once only")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    wallet: Mapped[Wallet] = parent(same_tenant("Wallet.id", "TokenReservation.wallet_id"))
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "TokenReservation.user_id"))

    __table_args__ = (
        unique_in_tenant("idempotency_key"),
        NewestFirst(within=("tenant_id", "user_id")),
        Index("ix_token_reservations_open", "expires_at", postgresql_where=text("status = 'open'")),
        Index(
            "ix_token_reservations_open_of_wallet",
            "tenant_id",
            "wallet_id",
            "expires_at",
            postgresql_where=text("status = 'open'"),
        ),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(status = 'open') = (ended_at IS NULL)", name="ended_at"),
        CheckConstraint("(status = 'settled') = (settled_amount IS NOT NULL)", name="settled"),
        CheckConstraint("settled_amount >= 0", name="settled_amount"),
        CheckConstraint("length(idempotency_key) BETWEEN 1 AND 255", name="idempotency_key"),
        posted_by_functions(),
    )


function(
    "reserve_tokens",
    arguments="p_user_id uuid, p_amount bigint, p_reason text, p_expires_in interval DEFAULT '1 hour',"
    " p_reference_type text DEFAULT NULL, p_reference_id uuid DEFAULT NULL, p_execution_id uuid DEFAULT NULL,"
    " p_metadata jsonb DEFAULT '{}', p_idempotency_key text DEFAULT NULL",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Sets tokens of a user aside for work under way, and returns the reservation.",
)
function(
    "settle_token_reservation",
    arguments="p_reservation_id uuid, p_amount bigint",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Ends a reservation: what was really used is debited, the rest is free again; returns the reservation.",
)
function(
    "release_token_reservation",
    arguments="p_reservation_id uuid",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Ends a reservation of which nothing was used; returns it.",
)
function(
    "release_expired_reservations",
    arguments="p_limit integer DEFAULT 1000",
    returns="integer",
    to=EVERYBODY,
    **DEFINER,
    comment="Ends the reservations that have expired, the oldest first; returns how many. The next call goes on.",
)

# Steps of these.

function(
    "expect_open_reservation",
    arguments="p_reservation_id uuid, p_action text",
    returns="token_reservations",
    language="plpgsql",
    comment="A reservation that the caller may end, its wallet locked; an error if it has ended.",
)
function(
    "end_token_reservation",
    arguments="p_reservation token_reservations, p_status text, p_settled_amount bigint DEFAULT NULL",
    returns="token_reservations",
    language="plpgsql",
    comment="Gives back what a reservation holds, debits what was used of it, and returns it; NULL if it had ended.",
)
function(
    "free_tokens",
    arguments="p_wallet user_token_wallets, p_requested bigint",
    returns="user_token_wallets",
    language="plpgsql",
    comment="The locked wallet; where it has less than requested, without what its expired reservations held.",
)
