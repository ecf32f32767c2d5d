"""Sales: leads, the opportunities and deals that they become, and the customers who bought."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    Count,
    JsonObject,
    NewestFirst,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.crm.people import PersonalContact, PersonalKey
from tenantry.models.traits import Money

if TYPE_CHECKING:
    from tenantry.models.crm.reengagement import ReengagedBatch
    from tenantry.models.identity import TenantUser
    from tenantry.models.orders import Order


class LeadStatus(StrEnum):
    """How far a lead has come."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class Lead(TenantScoped, Base):
    """Somebody who may buy: a person already known, or just a name and a way to reach him."""

    __tablename__ = "crm_leads"

    personal_key_id: Mapped[UUID | None] = reference("crm_personal_keys")
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    company: Mapped[str | None]
    status: Mapped[LeadStatus] = mapped_column(server_default=LeadStatus.NEW)
    pipeline_stage: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    score: Mapped[Count]
    source: Mapped[str | None]
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")
    # orders know their customers, and customers their first leads
    order_id: Mapped[UUID | None] = reference(
        "orders", on_delete="set null", use_alter=True, comment="the order that it ended in"
    )
    notes: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")
    last_contacted_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]

    person: Mapped[PersonalKey | None] = parent(same_tenant("PersonalKey.id", "Lead.personal_key_id"), "leads")
    assignee: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Lead.assigned_to"))
    order: Mapped["Order | None"] = parent(same_tenant("Order.id", "Lead.order_id"), "leads")
    contacts: Mapped[list[PersonalContact]] = children(same_tenant("Lead.id", "PersonalContact.lead_id"), "lead")
    deals: Mapped[list["Deal"]] = children(same_tenant("Lead.id", "Deal.lead_id"), "lead")

    __table_args__ = (
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        Index(None, "tenant_id", "email"),
        CheckConstraint("personal_key_id IS NOT NULL OR coalesce(name, '') <> ''", name="somebody"),
    )


class PotentialStatus(StrEnum):
    """What became of an opportunity."""

    OPEN = "open"
    CONVERTED = "converted"
    LOST = "lost"
    ON_HOLD = "on_hold"


class Priority(StrEnum):
    """What comes first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class Customer(TenantScoped, Base):
    """The canonical record of a person who buys, with figures for lists and rankings."""

    __tablename__ = "crm_customers"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys")
    lifetime_value: Mapped[Money] = mapped_column(server_default="0")
    paid_orders_count: Mapped[Count]
    lead_status: Mapped[LeadStatus | None]
    potential_status: Mapped[PotentialStatus | None]
    source: Mapped[str | None]
    customer_rank: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    last_order_at: Mapped[datetime | None]
    first_lead_id: Mapped[UUID | None] = reference("crm_leads", on_delete="set null")
    batch_id: Mapped[UUID | None] = reference(
        "crm_reengaged_batches", on_delete="set null", comment="the campaign that won the customer back last"
    )

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "Customer.personal_key_id"), "customer")
    first_lead: Mapped[Lead | None] = parent(same_tenant("Lead.id", "Customer.first_lead_id"))
    batch: Mapped["ReengagedBatch | None"] = parent(same_tenant("ReengagedBatch.id", "Customer.batch_id"), "customers")
    orders: Mapped[list["Order"]] = children(same_tenant("Customer.id", "Order.customer_id"), "customer")

    __table_args__ = (
        unique_in_tenant("personal_key_id"),
        NewestFirst(),
        NewestFirst("last_order_at"),
        CheckConstraint("lifetime_value >= 0 AND paid_orders_count >= 0", name="figures"),
    )


class Potential(TenantScoped, Base):
    """A sales opportunity with a person."""

    __tablename__ = "crm_potential"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys")
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")
    status: Mapped[PotentialStatus] = mapped_column(server_default=PotentialStatus.OPEN)
    stage: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    priority: Mapped[Priority] = mapped_column(server_default=Priority.MEDIUM)
    campaign_id: Mapped[UUID | None] = reference("mkt_campaigns", on_delete="set null", use_alter=True)
    converted_to_order_id: Mapped[UUID | None] = reference("orders", on_delete="set null", use_alter=True)
    estimated_value: Mapped[Money | None]
    probability_score: Mapped[int | None] = mapped_column(comment="percent")
    expected_close_date: Mapped[date | None]
    interested_products: Mapped[list[str]] = mapped_column(server_default="{}", comment="in the person's own words")

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "Potential.personal_key_id"), "potentials")
    assignee: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Potential.assigned_to"))
    converted_to_order: Mapped["Order | None"] = parent(
        same_tenant("Order.id", "Potential.converted_to_order_id"), "potentials"
    )

    __table_args__ = (
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("estimated_value >= 0", name="estimated_value"),
        CheckConstraint("probability_score BETWEEN 0 AND 100", name="probability_score"),
    )


class DealStatus(StrEnum):
    """What became of a deal."""

    PENDING = "pending"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


class Deal(TenantScoped, Base):
    """A deal in the pipeline."""

    __tablename__ = "crm_deals"

    lead_id: Mapped[UUID | None] = reference("crm_leads", on_delete="set null")
    name: Mapped[str]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(15, 2))
    currency: Mapped[str] = mapped_column(server_default="DZD", comment="ISO 4217")
    status: Mapped[DealStatus] = mapped_column(server_default=DealStatus.PENDING)
    pipeline_stage: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    probability: Mapped[int] = mapped_column(server_default="50", comment="percent")
    expected_close_date: Mapped[date | None]
    actual_close_date: Mapped[date | None]
    notes: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    lead: Mapped[Lead | None] = parent(same_tenant("Lead.id", "Deal.lead_id"), "deals")

    __table_args__ = (
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
    )
