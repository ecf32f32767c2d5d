"""Tokens: wallets, the policies that fill them, and the ledger of every change; functions alone write them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy, Trigger
from tenantry.models.base import AppendOnly, Base, TenantConfigScoped, TenantUserScoped
from tenantry.models.columns import (
    ADDED,
    BigInt,
    Count,
    JsonObject,
    NewestFirst,
    Tokens,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.levels import Level
from tenantry.models.roles import OWNER

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


#: what an entry changes, and it alone
FIGURES: Final = ("entry_number", "current_tokens", "reserved_tokens", "borrowed_tokens", "lifetime_tokens")


def posted_by_functions() -> Policy:
    """Lets functions of the owner post, who have asked already for whom they do it: once a call, not once a row."""
    return Policy("functions", to=OWNER, using="true")


class WalletStatus(StrEnum):
    """Whether tokens may be taken out of a wallet: only out of an active one."""

    ACTIVE = "active"
    LOCKED = "locked"
    SUSPENDED = "suspended"


class Wallet(TenantUserScoped, Base):
    """A user's token balance in a tenant, or a slot of it. What is available is current_tokens less reserved_tokens.

    Its figures are those of the newest entry of its ledger: nothing else changes them, whoever tries.
    """

    __tablename__ = "user_token_wallets"
    __written_by__ = "functions"

    level_id: Mapped[UUID | None] = reference("levels", on_delete="set null")
    current_tokens: Mapped[Tokens] = mapped_column(comment="the balance, reserved tokens included")
    reserved_tokens: Mapped[Tokens] = mapped_column(comment="set aside for work under way")
    lifetime_tokens: Mapped[Tokens] = mapped_column(comment="everything ever credited")
    monthly_allocation_tokens: Mapped[Tokens] = mapped_column(comment="what each month brings; 0 is no monthly wallet")
    borrowed_tokens: Mapped[Tokens] = mapped_column(
        comment="used beyond the balance, where the policy does not refuse it; what comes in pays it back first"
    )
    entry_number: Mapped[Tokens] = mapped_column(sort_order=ADDED, comment="of the newest entry of its ledger")
    expiring_tokens: Mapped[Tokens] = mapped_column(
        sort_order=ADDED, comment="of the balance: what is left of credits that expire, token_lots"
    )
    slot: Mapped[Count] = mapped_column(
        sort_order=ADDED, comment="0 is the wallet itself; a spread one has more, and holds what all of them hold"
    )
    slots: Mapped[int] = mapped_column(
        server_default="1", sort_order=ADDED, comment="over how many the wallet is spread, spread_user_tokens()"
    )
    last_reset_at: Mapped[datetime | None]
    next_reset_at: Mapped[datetime | None] = mapped_column(comment="the first of next month (UTC) of a monthly wallet")
    status: Mapped[WalletStatus] = mapped_column(server_default=WalletStatus.ACTIVE)
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    level: Mapped[Level | None] = parent(same_tenant("Level.id", "Wallet.level_id"))
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "Wallet.user_id"))
    entries: Mapped[list["LedgerEntry"]] = children(same_tenant("Wallet.id", "LedgerEntry.wallet_id"), "wallet")

    __table_args__ = (
        unique_in_tenant("user_id", "slot"),
        Index(None, "next_reset_at", postgresql_where=text("next_reset_at IS NOT NULL")),
        CheckConstraint(
            "reserved_tokens BETWEEN 0 AND current_tokens AND"
            " least(lifetime_tokens, monthly_allocation_tokens, borrowed_tokens, expiring_tokens) >= 0",
            name="tokens",
        ),
        posted_by_functions(),
        Trigger(
            "begin_empty",
            before="insert",
            when="(" + ", ".join(f"new.{figure}" for figure in FIGURES) + ") <> (0, 0, 0, 0, 0)",
            execute="expect_ledger_entry()",
        ),
        # what has changed the function asks itself: PostgreSQL would read a condition here anew at each update
        Trigger("change_by_entry", before="update", execute="expect_ledger_entry()"),
    )


class AllocationMode(StrEnum):
    """Whether tokens are allotted once or every month."""

    LIFETIME = "lifetime"
    MONTHLY = "monthly"


class EnforcementMode(StrEnum):
    """What happens when tokens run short: they are borrowed, borrowed and the entry says so, or refused."""

    MONITOR = "monitor"
    WARN = "warn"
    HARD = "hard"


class LevelTokenPolicy(TenantConfigScoped, Base):
    """How many tokens a level allots, and how they roll over."""

    __tablename__ = "level_token_policies"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    base_allocation: Mapped[Tokens] = mapped_column(comment="allotted once, in lifetime mode")
    monthly_allocation: Mapped[BigInt | None]
    monthly_cap: Mapped[BigInt | None] = mapped_column(comment="most that a new month begins with; empty is unlimited")
    rollover_percent: Mapped[Decimal] = mapped_column(
        Numeric(5, 2), server_default="0", comment="share of last month's unused tokens that stays"
    )
    allocation_mode: Mapped[AllocationMode] = mapped_column(server_default=AllocationMode.LIFETIME)
    enforcement_mode: Mapped[EnforcementMode] = mapped_column(server_default=EnforcementMode.MONITOR)
    priority_weight: Mapped[int] = mapped_column(server_default="1")
    allow_manual_override: Mapped[Yes]
    notes: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelTokenPolicy.level_id"))

    __table_args__ = (
        unique_in_tenant("level_id"),
        CheckConstraint("base_allocation >= 0", name="base_allocation"),
        CheckConstraint("monthly_allocation >= 0", name="monthly_allocation"),
        CheckConstraint("monthly_cap >= 0", name="monthly_cap"),
        CheckConstraint("rollover_percent BETWEEN 0 AND 100", name="rollover_percent"),
    )


class UserTokenPolicy(TenantConfigScoped, Base):
    """A user's override of the level's token policy; what is empty is the level's."""

    __tablename__ = "user_token_policies"

    user_id: Mapped[UUID] = member(on_delete="cascade")
    level_id: Mapped[UUID | None] = reference(
        "levels", on_delete="cascade", comment="the level it overrides; empty is any"
    )
    base_allocation: Mapped[BigInt | None]
    monthly_allocation: Mapped[BigInt | None]
    monthly_cap: Mapped[BigInt | None]
    rollover_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    allocation_mode: Mapped[AllocationMode | None]
    enforcement_mode: Mapped[EnforcementMode | None]
    notes: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "UserTokenPolicy.user_id"))
    level: Mapped[Level | None] = parent(same_tenant("Level.id", "UserTokenPolicy.level_id"))

    __table_args__ = (
        unique_in_tenant("user_id"),
        CheckConstraint("base_allocation >= 0", name="base_allocation"),
        CheckConstraint("monthly_allocation >= 0", name="monthly_allocation"),
        CheckConstraint("monthly_cap >= 0", name="monthly_cap"),
        CheckConstraint("rollover_percent BETWEEN 0 AND 100", name="rollover_percent"),
    )


class TokenDirection(StrEnum):
    """What an entry did: reserve and release move tokens within the balance, an adjustment has a sign."""

    CREDIT = "credit"
    DEBIT = "debit"
    RESERVE = "reserve"
    RELEASE = "release"
    ADJUSTMENT = "adjustment"


class LedgerEntry(AppendOnly, TenantUserScoped, Base):
    """A change of a wallet, with what the wallet holds after it. Writing it is what changes the wallet."""

    __tablename__ = "user_token_ledger"
    __written_by__ = "functions"

    # the wallet vouches for these two: keys of their own would look up, and lock, one row of the tenant at each entry
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.get_current_tenant(), sort_order=-20)
    user_id: Mapped[UUID] = mapped_column(server_default=func.get_current_user_id(), sort_order=-5)
    wallet_id: Mapped[UUID] = reference("user_token_wallets")
    level_id: Mapped[UUID | None] = reference("levels")
    direction: Mapped[TokenDirection]
    amount: Mapped[BigInt] = mapped_column(comment="positive, but for an adjustment")
    balance_after: Mapped[BigInt]
    reserved_after: Mapped[BigInt]
    lifetime_after: Mapped[BigInt]
    reason: Mapped[str]
    source: Mapped[str] = mapped_column(server_default="system")
    reference_type: Mapped[str | None]
    reference_id: Mapped[UUID | None]
    execution_id: Mapped[UUID | None] = mapped_column(comment="the run, of whatever kind, that the tokens went to")
    posting_key: Mapped[str | None] = mapped_column(comment="what is posted once only, such as a month's allocation")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")
    entry_number: Mapped[Tokens] = mapped_column(
        sort_order=ADDED, comment="of the wallet's entries, without a gap; 0 is before numbering"
    )
    borrowed_after: Mapped[Tokens] = mapped_column(sort_order=ADDED)
    idempotency_key: Mapped[str | None] = mapped_column(
        sort_order=ADDED, comment="given by the caller: the same key posts once only"
    )
    enforcement_mode: Mapped[EnforcementMode | None] = mapped_column(
        sort_order=ADDED, comment="the policy that let more be used than was available"
    )
    expires_at: Mapped[datetime | None] = mapped_column(
        sort_order=ADDED, comment="of a credit: when what is left of it leaves the wallet; empty is never"
    )

    wallet: Mapped[Wallet] = parent(same_tenant("Wallet.id", "LedgerEntry.wallet_id"), "entries")
    level: Mapped[Level | None] = parent(same_tenant("Level.id", "LedgerEntry.level_id"))

    __table_args__ = (
        Index(
            "uq_user_token_ledger_posting_key",
            "tenant_id",
            "wallet_id",
            "posting_key",
            unique=True,
            postgresql_where=text("posting_key IS NOT NULL"),
        ),
        Index(
            "uq_user_token_ledger_entry_number",
            "tenant_id",
            "wallet_id",
            "entry_number",
            unique=True,
            postgresql_where=text("entry_number > 0"),
        ),
        Index(
            "uq_user_token_ledger_idempotency_key",
            "tenant_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        NewestFirst(),
        NewestFirst(within=("tenant_id", "wallet_id")),
        NewestFirst(within=("tenant_id", "user_id")),
        Index(None, "tenant_id", "level_id", postgresql_where=text("level_id IS NOT NULL")),
        Index(
            None,
            "tenant_id",
            "reference_type",
            "reference_id",
            postgresql_where=text("reference_id IS NOT NULL"),
        ),
        # what the wallet holds after an entry, the checks of the wallet look at
        CheckConstraint("CASE direction WHEN 'adjustment' THEN amount <> 0 ELSE amount > 0 END", name="amount"),
        CheckConstraint("length(idempotency_key) BETWEEN 1 AND 255", name="idempotency_key"),
        CheckConstraint("expires_at IS NULL OR direction = 'credit'", name="expires_at"),
        posted_by_functions(),
        Trigger(
            "apply_ledger_entries",
            after="insert",
            for_each="statement",
            new_table="new_entries",
            execute="apply_ledger_entries()",
        ),
    )
