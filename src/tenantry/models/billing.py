"""Billing: who is on which plan, what is used, and the credit that pays for it.

The tables that hold sums are written by functions alone, and every sum can be proved from rows that stay.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, Table, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Rows, Trigger
from tenantry.models.audit import DEFINER, written_by_functions
from tenantry.models.base import AppendOnly, Audited, Base, TenantAdminScoped, TenantScoped, TenantUserScoped
from tenantry.models.columns import (
    ADDED,
    BigInt,
    Count,
    JsonObject,
    NewestFirst,
    No,
    Tokens,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.context import EVERYBODY
from tenantry.models.identity import Plan, Tenant
from tenantry.models.reference_rows import DEFAULT_TENANT_ID
from tenantry.models.roles import SUPERADMIN
from tenantry.models.routines import function

if TYPE_CHECKING:
    from tenantry.models.identity import ApiKey, TenantUser


# Plans. A tenant has one subscription from its first day, and a member may have one of his own beside it.


class SubscriptionStatus(StrEnum):
    """Where a subscription stands at the payment provider."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    INCOMPLETE = "incomplete"
    INCOMPLETE_EXPIRED = "incomplete_expired"
    UNPAID = "unpaid"
    PAUSED = "paused"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Subscription(Audited, TenantAdminScoped, Base):
    """The plan of a tenant, or of one of its members, with the payment provider's state.

    A tenant's own decides tenants.plan: its plan while it is trialing, active or past due, free afterwards.
    """

    __tablename__ = "subscriptions"
    __written_by__ = "superadmin"

    user_id: Mapped[UUID | None] = member(
        on_delete="cascade", comment="the member whose plan it is; empty is the whole tenant's"
    )
    plan: Mapped[Plan] = mapped_column(server_default=Plan.FREE)
    status: Mapped[SubscriptionStatus] = mapped_column(server_default=SubscriptionStatus.ACTIVE)
    monthly_price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    current_period_start: Mapped[datetime | None]
    current_period_end: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    cancel_at_period_end: Mapped[No]
    canceled_at: Mapped[datetime | None]
    seat_count: Mapped[int] = mapped_column(server_default="1")
    max_seats: Mapped[int | None] = mapped_column(comment="empty is unlimited")
    usage_limits: Mapped[JsonObject]
    stripe_customer_id: Mapped[str | None] = mapped_column(index=True, comment="empty until something is paid")
    stripe_subscription_id: Mapped[str | None] = mapped_column(index=True)
    stripe_price_id: Mapped[str | None]

    tenant: Mapped[Tenant] = parent("Tenant.id == foreign(Subscription.tenant_id)")
    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Subscription.user_id"))

    __table_args__ = (
        Index("uq_subscriptions_of_tenant", "tenant_id", unique=True, postgresql_where=text("user_id IS NULL")),
        unique_in_tenant("user_id"),
        unique_in_tenant("stripe_customer_id"),
        unique_in_tenant("stripe_subscription_id"),
        Index(None, "current_period_end", postgresql_where=text("status IN ('trialing', 'active', 'past_due')")),
        CheckConstraint("current_period_start <= current_period_end", name="current_period"),
        CheckConstraint("monthly_price >= 0", name="monthly_price"),
        CheckConstraint("seat_count >= 1 AND seat_count <= max_seats", name="seats"),
        Trigger(
            "apply_subscription_plan",
            after="insert, update",
            of="plan, status",
            when="new.user_id IS NULL",
            execute="apply_subscription_plan()",
        ),
    )


function(
    "create_default_subscription",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: a new tenant is subscribed to its plan; its members need none of their own.",
)
function(
    "apply_subscription_plan",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: what a tenant is subscribed to is what tenants.plan says.",
)

# The default tenant is a reference row, and so is its subscription.
_subscribe_new_tenant = Trigger(
    "create_default_subscription",
    after="insert",
    when=f"new.id <> '{DEFAULT_TENANT_ID}'",
    execute="create_default_subscription()",
)
_subscribe_new_tenant._set_parent_with_dispatch(cast("Table", Tenant.__table__))  # noqa: SLF001
Rows(
    Subscription,
    [{"tenant_id": str(DEFAULT_TENANT_ID), "id": str(UUID(int=1)), "plan": "enterprise", "status": "active"}],
)


# Usage. Events are never changed, so the sums over them can always be proved.


class UsageEvent(AppendOnly, TenantScoped, Base):
    """One metered call: tokens, audio seconds, OCR pages, latency, cost."""

    __tablename__ = "usage_events"

    user_id: Mapped[UUID | None] = member(
        server_default=func.get_current_user_id(), comment="the member it was made for; empty is the tenant itself"
    )
    api_key_id: Mapped[UUID | None] = reference("api_keys", comment="the key that authenticated it")
    request_id: Mapped[str | None] = mapped_column(comment="what log lines of the same request carry")
    route: Mapped[str | None]
    method: Mapped[str | None]
    status_code: Mapped[int | None]
    model_used: Mapped[str | None]
    tokens_input: Mapped[Tokens]
    tokens_output: Mapped[Tokens]
    audio_seconds: Mapped[Decimal] = mapped_column(Numeric(12, 3), server_default="0")
    ocr_pages: Mapped[Count]
    latency_ms: Mapped[int | None]
    cost_usd: Mapped[Decimal] = mapped_column(
        Numeric(14, 6), server_default="0", comment="what the outside provider charges for it"
    )

    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "UsageEvent.user_id"))
    api_key: Mapped["ApiKey | None"] = parent(same_tenant("ApiKey.id", "UsageEvent.api_key_id"))
    credit_transactions: Mapped[list["CreditTransaction"]] = children(
        same_tenant("UsageEvent.id", "CreditTransaction.usage_event_id"), "usage_event"
    )

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        Index(None, "tenant_id", "request_id"),
        CheckConstraint("tokens_input >= 0 AND tokens_output >= 0", name="tokens"),
        CheckConstraint("audio_seconds >= 0 AND ocr_pages >= 0", name="amounts"),
        CheckConstraint("latency_ms >= 0", name="latency_ms"),
        CheckConstraint("cost_usd >= 0", name="cost_usd"),
        Trigger(
            "count_usage_events",
            after="insert",
            new_table="added",
            for_each="statement",
            execute="count_usage_events()",
        ),
    )


class UserUsageTracking(TenantUserScoped, Base):
    """What a member used on a day (UTC): his completed agent runs, and the cost of his metered calls."""

    __tablename__ = "user_usage_tracking"
    __written_by__ = "functions"

    day: Mapped[date] = mapped_column("date")
    total_calls: Mapped[Count] = mapped_column(comment="completed agent runs")
    total_duration_seconds: Mapped[BigInt] = mapped_column(server_default="0", comment="of these runs")
    total_tokens: Mapped[Tokens] = mapped_column(comment="of these runs")
    api_costs: Mapped[Decimal] = mapped_column(
        Numeric(14, 6), server_default="0", comment="USD, of the metered calls (usage_events)"
    )

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "UserUsageTracking.user_id"))

    __table_args__ = (
        unique_in_tenant("user_id", "date"),
        Index(None, "tenant_id", "date"),
        CheckConstraint("total_calls >= 0 AND total_duration_seconds >= 0 AND total_tokens >= 0", name="totals"),
        CheckConstraint("api_costs >= 0", name="api_costs"),
    )


function(
    "count_usage_events",
    returns="trigger",
    **DEFINER,
    comment="Trigger: adds new usage events to the tenant's month and to their members' days.",
)


# Credit. An account is made on first use, and its balance is the sum of its transactions.


class AccountStatus(StrEnum):
    """Whether usage may be charged to an account: only to an active one."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class BillingAccount(TenantAdminScoped, Base):
    """Credit balance and billing details of a tenant, and what it used in a month.

    Its balances are those of the newest of its transactions: nothing else changes them, whoever tries.
    """

    __tablename__ = "billing_accounts"
    __written_by__ = "functions"

    balance_credits: Mapped[BigInt] = mapped_column(server_default="0", comment="sum of credit_transactions.amount")
    balance_amount: Mapped[Decimal] = mapped_column(
        Numeric(15, 2), server_default="0", comment="prepaid money, sum of credit_transactions.money_amount"
    )
    currency: Mapped[str] = mapped_column(server_default="USD", comment="ISO 4217, of balance_amount")
    usage_month: Mapped[date] = mapped_column(
        server_default=text("date_trunc('month', now() AT TIME ZONE 'UTC')::date"),
        comment="first day (UTC) of the month of the latest usage event, which the usage figures are about",
    )
    usage_tokens_month: Mapped[Tokens]
    usage_audio_seconds_month: Mapped[Decimal] = mapped_column(Numeric(15, 3), server_default="0")
    usage_ocr_pages_month: Mapped[BigInt] = mapped_column(server_default="0")
    billing_email: Mapped[str | None]
    billing_address: Mapped[JsonObject]
    payment_method: Mapped[JsonObject] = mapped_column(comment="the payment provider's token, never a card's number")
    status: Mapped[AccountStatus] = mapped_column(server_default=AccountStatus.ACTIVE)
    last_invoice_at: Mapped[datetime | None]
    entry_number: Mapped[BigInt] = mapped_column(
        server_default="0", sort_order=ADDED, comment="of the newest of its transactions"
    )

    tenant: Mapped[Tenant] = parent("Tenant.id == foreign(BillingAccount.tenant_id)")
    transactions: Mapped[list["CreditTransaction"]] = children(
        same_tenant("BillingAccount.id", "CreditTransaction.billing_account_id"), "billing_account"
    )

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("balance_credits >= 0", name="balance_credits"),
        CheckConstraint("balance_amount >= 0", name="balance_amount"),
        CheckConstraint("extract(day FROM usage_month) = 1", name="usage_month"),
        CheckConstraint(
            "usage_tokens_month >= 0 AND usage_audio_seconds_month >= 0 AND usage_ocr_pages_month >= 0", name="usage"
        ),
        written_by_functions(),
        Trigger(
            "begin_empty",
            before="insert",
            when="new.entry_number <> 0 OR new.balance_credits <> 0 OR new.balance_amount <> 0",
            execute="expect_credit_transaction()",
        ),
        Trigger(
            "change_by_transaction",
            before="update",
            when="new.entry_number <> old.entry_number OR new.balance_credits <> old.balance_credits"
            " OR new.balance_amount <> old.balance_amount",
            execute="expect_credit_transaction()",
        ),
    )


class TransactionType(StrEnum):
    """Why a balance changed: usage takes credit, an adjustment may do either, all else gives it."""

    PURCHASE = "purchase"
    USAGE = "usage"
    REFUND = "refund"
    BONUS = "bonus"
    ADJUSTMENT = "adjustment"


class CreditTransaction(AppendOnly, TenantAdminScoped, Base):
    """A change of a billing account's credit, with the balances after it. Writing it is what changes the account."""

    __tablename__ = "credit_transactions"
    __written_by__ = "functions"

    billing_account_id: Mapped[UUID] = reference("billing_accounts")
    type: Mapped[TransactionType]
    amount: Mapped[BigInt] = mapped_column(comment="credits, negative where they were taken")
    balance_after: Mapped[BigInt]
    money_amount: Mapped[Decimal] = mapped_column(
        Numeric(15, 2), server_default="0", comment="what balance_amount changed by"
    )
    description: Mapped[str | None]
    usage_event_id: Mapped[UUID | None] = reference("usage_events", comment="the call that was charged, once only")
    posting_key: Mapped[str | None] = mapped_column(comment="what is posted once only, such as a payment's id")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")
    entry_number: Mapped[BigInt] = mapped_column(
        server_default="0", sort_order=ADDED, comment="of the account's, without a gap; 0 is before numbering"
    )
    balance_amount_after: Mapped[Decimal] = mapped_column(Numeric(15, 2), server_default="0", sort_order=ADDED)

    billing_account: Mapped[BillingAccount] = parent(
        same_tenant("BillingAccount.id", "CreditTransaction.billing_account_id"), "transactions"
    )
    usage_event: Mapped[UsageEvent | None] = parent(
        same_tenant("UsageEvent.id", "CreditTransaction.usage_event_id"), "credit_transactions"
    )

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "billing_account_id")),
        unique_in_tenant("posting_key"),
        Index(
            "uq_credit_transactions_entry_number",
            "tenant_id",
            "billing_account_id",
            "entry_number",
            unique=True,
            postgresql_where=text("entry_number > 0"),
        ),
        Index(
            "uq_credit_transactions_usage_event_id",
            "tenant_id",
            "usage_event_id",
            unique=True,
            postgresql_where=text("type = 'usage'"),
        ),
        CheckConstraint(
            "CASE type WHEN 'usage' THEN amount < 0 WHEN 'adjustment' THEN amount <> 0 OR money_amount <> 0"
            " ELSE amount > 0 END",
            name="amount",
        ),
        CheckConstraint("balance_after >= 0", name="balance_after"),
        CheckConstraint("balance_amount_after >= 0", name="balance_amount_after"),
        written_by_functions(),
        Trigger("apply_credit_transaction", after="insert", execute="apply_credit_transaction()"),
    )


function(
    "adjust_credits",
    arguments="p_amount bigint, p_type text, p_description text DEFAULT NULL, p_usage_event_id uuid DEFAULT NULL,"
    " p_posting_key text DEFAULT NULL, p_money_amount numeric DEFAULT 0, p_metadata jsonb DEFAULT '{}'",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Posts a change of the current tenant's credit and returns the transaction; one that was posted before"
    " (same key, or usage of the same event) is returned as it is; the same key with other arguments is an error."
    " Members charge usage; all else is the superadmin's.",
)
function(
    "verify_credit_ledger",
    arguments="p_tenant_id uuid DEFAULT NULL",
    returns="TABLE (tenant_id uuid, billing_account_id uuid, balance_credits bigint, credits_in_ledger bigint,"
    " balance_amount numeric, amount_in_ledger numeric, entry_number bigint, entries bigint)",
    language="plpgsql",
    volatility="stable",
    to=EVERYBODY,
    comment="The billing accounts that the caller sees, of one tenant or all,"
    " whose balances are not the sums of their ledger.",
)
function(
    "set_billing_details",
    arguments="p_billing_email text DEFAULT NULL, p_billing_address jsonb DEFAULT NULL,"
    " p_payment_method jsonb DEFAULT NULL",
    to=EVERYBODY,
    **DEFINER,
    comment="Changes whom the current tenant's invoices go to, and what pays them; NULL leaves what there is.",
)
function(
    "set_billing_state",
    arguments="p_status text DEFAULT NULL, p_last_invoice_at timestamptz DEFAULT NULL, p_currency text DEFAULT NULL",
    to=(SUPERADMIN,),
    **DEFINER,
    comment="Changes how the current tenant's account stands with the platform; NULL leaves what there is.",
)
function(
    "lock_billing_account",
    arguments="p_tenant_id uuid",
    returns="billing_accounts",
    language="plpgsql",
    comment="The tenant's account, made on first use, locked until the transaction ends.",
)
function(
    "apply_credit_transaction",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: a new transaction changes its account; one that does not follow from the account is refused.",
)
function(
    "expect_credit_transaction",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: an account begins empty and takes on what its next transaction says, and nothing else.",
)
