"""Re-engagement: batches of people to win back, what came of each of them, and the daily figures."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    Count,
    NewestFirst,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.crm.people import PersonalKey
from tenantry.models.crm.sales import Customer, Priority
from tenantry.models.traits import Created, Money, Percent

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.orders import Order


class BatchStatus(StrEnum):
    """How far a re-engagement campaign has come."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ReengagedBatch(Created, TenantScoped, Base):
    """A campaign that wins people back, with what it aims at and what it has reached."""

    __tablename__ = "crm_reengaged_batches"

    batch_name: Mapped[str]
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")
    status: Mapped[BatchStatus] = mapped_column(server_default=BatchStatus.DRAFT)
    historical_value: Mapped[Money] = mapped_column(
        server_default="0", comment="what these people have bought for before"
    )
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    target_size: Mapped[int | None]
    target_revenue: Mapped[Money | None]
    target_response_rate: Mapped[Percent | None]
    contacted_count: Mapped[Count]
    response_count: Mapped[Count]
    conversion_count: Mapped[Count]
    reactivated_revenue: Mapped[Money] = mapped_column(server_default="0")

    assignee: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "ReengagedBatch.assigned_to"))
    people: Mapped[list["ReengagedPerson"]] = children(
        same_tenant("ReengagedBatch.id", "ReengagedPerson.batch_id"), "batch"
    )
    stats: Mapped[list["ReengagedBatchStats"]] = children(
        same_tenant("ReengagedBatch.id", "ReengagedBatchStats.batch_id"), "batch"
    )
    customers: Mapped[list[Customer]] = children(same_tenant("ReengagedBatch.id", "Customer.batch_id"), "batch")

    __table_args__ = (
        NewestFirst(),
        CheckConstraint("batch_name <> ''", name="batch_name"),
        CheckConstraint("start_date <= end_date", name="dates"),
        CheckConstraint("historical_value >= 0 AND reactivated_revenue >= 0", name="value"),
        CheckConstraint("contacted_count >= 0 AND response_count >= 0 AND conversion_count >= 0", name="counts"),
        CheckConstraint("target_size >= 0 AND target_revenue >= 0", name="targets"),
        CheckConstraint("target_response_rate BETWEEN 0 AND 100", name="target_response_rate"),
    )


class ReengagementStatus(StrEnum):
    """What came of a person in a batch."""

    PENDING = "pending"
    CONTACTED = "contacted"
    RESPONDED = "responded"
    CONVERTED = "converted"
    FAILED = "failed"
    OPTED_OUT = "opted_out"


class ReengagedPerson(TenantScoped, Base):
    """A person in a re-engagement batch, and the outcome."""

    __tablename__ = "crm_reengage_personal_keys"

    batch_id: Mapped[UUID] = reference("crm_reengaged_batches", on_delete="cascade")
    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", on_delete="cascade")
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")
    priority: Mapped[Priority] = mapped_column(server_default=Priority.MEDIUM)
    status: Mapped[ReengagementStatus] = mapped_column(server_default=ReengagementStatus.PENDING)
    contact_attempts: Mapped[Count]
    last_contact_method: Mapped[str | None]
    added_to_batch_at: Mapped[datetime] = mapped_column(server_default=func.now())
    contacted_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    opted_out_at: Mapped[datetime | None]
    converted_order_id: Mapped[UUID | None] = reference("orders", on_delete="set null", use_alter=True)
    conversion_value: Mapped[Money | None]
    failure_reason: Mapped[str | None]
    notes: Mapped[str | None]

    batch: Mapped[ReengagedBatch] = parent(same_tenant("ReengagedBatch.id", "ReengagedPerson.batch_id"), "people")
    person: Mapped[PersonalKey] = parent(
        same_tenant("PersonalKey.id", "ReengagedPerson.personal_key_id"), "reengagements"
    )
    assignee: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "ReengagedPerson.assigned_to"))
    converted_order: Mapped["Order | None"] = parent(
        same_tenant("Order.id", "ReengagedPerson.converted_order_id"), "reengagements"
    )

    __table_args__ = (
        unique_in_tenant("batch_id", "personal_key_id"),
        Index(None, "tenant_id", "batch_id", "status"),
        CheckConstraint("contact_attempts >= 0", name="contact_attempts"),
        CheckConstraint("conversion_value >= 0", name="conversion_value"),
    )


class ReengagedBatchStats(TenantScoped, Base):
    """The figures of a batch on a day: what the day brought, and the totals up to it."""

    __tablename__ = "crm_reengage_batches_stats"

    batch_id: Mapped[UUID] = reference("crm_reengaged_batches", on_delete="cascade")
    snapshot_date: Mapped[date]
    contacted_count: Mapped[Count]
    response_count: Mapped[Count]
    conversion_count: Mapped[Count]
    revenue_generated: Mapped[Money] = mapped_column(server_default="0")
    total_contacted: Mapped[Count]
    total_responses: Mapped[Count]
    total_conversions: Mapped[Count]
    total_revenue: Mapped[Money] = mapped_column(server_default="0")
    response_rate: Mapped[Percent | None]
    conversion_rate: Mapped[Percent | None]
    avg_revenue_per_conversion: Mapped[Money | None]
    sms_sent: Mapped[Count]
    email_sent: Mapped[Count]
    phone_calls: Mapped[Count]
    notes: Mapped[str | None]

    batch: Mapped[ReengagedBatch] = parent(same_tenant("ReengagedBatch.id", "ReengagedBatchStats.batch_id"), "stats")

    __table_args__ = (
        unique_in_tenant("batch_id", "snapshot_date"),
        CheckConstraint("contacted_count >= 0 AND response_count >= 0 AND conversion_count >= 0", name="counts"),
        CheckConstraint("total_contacted >= 0 AND total_responses >= 0 AND total_conversions >= 0", name="totals"),
        CheckConstraint(
            "revenue_generated >= 0 AND total_revenue >= 0 AND avg_revenue_per_conversion >= 0", name="revenue"
        ),
        CheckConstraint("response_rate BETWEEN 0 AND 100 AND conversion_rate BETWEEN 0 AND 100", name="rates"),
        CheckConstraint("sms_sent >= 0 AND email_sent >= 0 AND phone_calls >= 0", name="contacts"),
    )
