"""Lots: credits of tokens that expire, what is left of each, and what it was used for.

A wallet without such credits has none. What expires first is used first, what does not expire last; of what expires at
the same time, allocations before bonuses before purchases, and then the oldest.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import AppendOnly, Base, TenantUserScoped
from tenantry.models.columns import BigInt, Tokens, children, parent, reference, same_tenant
from tenantry.models.context import EVERYBODY
from tenantry.models.posting import DEFINER
from tenantry.models.routines import function
from tenantry.models.tokens import LedgerEntry, Wallet, posted_by_functions


class TokenLot(TenantUserScoped, Base):
    """What a credit that expires has brought a wallet, and what is left of it."""

    __tablename__ = "token_lots"
    __written_by__ = "functions"

    wallet_id: Mapped[UUID] = reference("user_token_wallets")
    entry_id: Mapped[UUID] = reference("user_token_ledger", comment="the credit")
    source: Mapped[str] = mapped_column(comment="of the credit: bonus, purchase; everything else is an allocation")
    tokens: Mapped[BigInt] = mapped_column(comment="the credit, less what paid borrowed tokens back")
    remaining_tokens: Mapped[Tokens] = mapped_column(comment="tokens less its uses")
    expires_at: Mapped[datetime]
    expired_at: Mapped[datetime | None] = mapped_column(
        comment="when a function saw that it has expired; what is left of it then is for reservations made before"
    )

    wallet: Mapped[Wallet] = parent(same_tenant("Wallet.id", "TokenLot.wallet_id"))
    entry: Mapped[LedgerEntry] = parent(same_tenant("LedgerEntry.id", "TokenLot.entry_id"))
    uses: Mapped[list["TokenLotUse"]] = children(same_tenant("TokenLot.id", "TokenLotUse.lot_id"), "lot")

    __table_args__ = (
        Index("ix_token_lots_left", "expires_at", postgresql_where=text("remaining_tokens > 0")),
        Index(
            "ix_token_lots_left_of_wallet",
            "tenant_id",
            "wallet_id",
            "expires_at",
            postgresql_where=text("remaining_tokens > 0"),
        ),
        CheckConstraint("remaining_tokens BETWEEN 0 AND tokens", name="tokens"),
        posted_by_functions(),
    )


class TokenLotUse(AppendOnly, TenantUserScoped, Base):
    """Tokens of a lot that an entry took, its expiry included."""

    __tablename__ = "token_lot_uses"
    __written_by__ = "functions"

    lot_id: Mapped[UUID] = reference("token_lots")
    entry_id: Mapped[UUID] = reference("user_token_ledger", comment="what took them")
    tokens: Mapped[BigInt]

    lot: Mapped[TokenLot] = parent(same_tenant("TokenLot.id", "TokenLotUse.lot_id"), "uses")
    entry: Mapped[LedgerEntry] = parent(same_tenant("LedgerEntry.id", "TokenLotUse.entry_id"))

    __table_args__ = (CheckConstraint("tokens > 0", name="tokens"), posted_by_functions())


function(
    "expire_credits",
    arguments="p_limit integer DEFAULT 1000",
    returns="integer",
    to=EVERYBODY,
    **DEFINER,
    comment="Takes out of wallets what is left of credits that have expired; returns how many wallets. The next call"
    " goes on.",
)

# Steps of these.

function(
    "expire_lots",
    arguments="p_wallets user_token_wallets[]",
    returns="integer",
    language="plpgsql",
    comment="Takes out of locked wallets what is left of lots that have expired, but for what was reserved before;"
    " returns of how many.",
)
function(
    "account_for_lots",
    arguments="p_entry user_token_ledger",
    language="plpgsql",
    comment="Makes the lot of a credit that expires, or takes what an entry took out of the balance from the lots"
    " that expire first.",
)
