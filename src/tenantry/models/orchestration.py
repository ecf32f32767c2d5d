"""Orchestration: how agents talk to each other, what they agree on, what they are given, and what that is worth."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import AppendOnly, Base, PlatformScoped, TenantConfigScoped, TenantScoped
from tenantry.models.columns import Count, JsonObject, NewestFirst, unique_in_tenant


class CommunicationChannel(TenantScoped, Base):
    """A channel between agents."""

    __tablename__ = "communication_channels"

    key: Mapped[str] = mapped_column(comment="what the agents call it")
    participants: Mapped[list[str]] = mapped_column(server_default="{}", comment="agents, by their own names")
    config: Mapped[JsonObject]
    message_count: Mapped[Count]
    last_activity: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        unique_in_tenant("key"),
        NewestFirst("last_activity"),
        Index(None, "participants", postgresql_using="gin"),
        CheckConstraint("message_count >= 0", name="message_count"),
    )


class AgreementStatus(StrEnum):
    """Whether agents still keep to an agreement."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    EXPIRED = "expired"


class ProtocolAgreement(TenantConfigScoped, Base):
    """A protocol that agents agreed on."""

    __tablename__ = "protocol_agreements"

    participants: Mapped[list[str]] = mapped_column(server_default="{}", comment="agents, by their own names")
    protocol: Mapped[JsonObject]
    status: Mapped[AgreementStatus] = mapped_column(server_default=AgreementStatus.ACTIVE)
    established_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        NewestFirst("established_at"),
        Index(None, "participants", postgresql_using="gin"),
        Index(None, "tenant_id", "expires_at", postgresql_where=text("status = 'active'")),
        CheckConstraint("established_at <= expires_at", name="expires_at"),
    )


class AllocationStatus(StrEnum):
    """How far an allocation has come."""

    PENDING = "pending"
    ALLOCATED = "allocated"
    RELEASED = "released"
    FAILED = "failed"


class ResourceAllocation(TenantScoped, Base):
    """Resources given to a run."""

    __tablename__ = "resource_allocations"

    task_id: Mapped[str] = mapped_column(comment="what the orchestrator calls the piece of work")
    requirements: Mapped[JsonObject]
    strategy: Mapped[str] = mapped_column(server_default="adaptive")
    allocated_resources: Mapped[JsonObject]
    estimated_cost: Mapped[Decimal] = mapped_column(Numeric(14, 6), server_default="0", comment="USD")
    actual_cost: Mapped[Decimal | None] = mapped_column(Numeric(14, 6), comment="USD")
    estimated_duration: Mapped[Count] = mapped_column(comment="milliseconds")
    actual_duration: Mapped[int | None] = mapped_column(comment="milliseconds")
    status: Mapped[AllocationStatus] = mapped_column(server_default=AllocationStatus.PENDING)
    released_at: Mapped[datetime | None]

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "status")),
        Index(None, "tenant_id", "task_id"),
        CheckConstraint("estimated_cost >= 0 AND actual_cost >= 0", name="costs"),
        CheckConstraint("estimated_duration >= 0 AND actual_duration >= 0", name="durations"),
        CheckConstraint("released_at >= created_at", name="released_at"),
    )


class ResourcePerformanceMetrics(TenantScoped, Base):
    """Measured use of a pool of resources."""

    __tablename__ = "resource_performance_metrics"

    pool_id: Mapped[str] = mapped_column(comment="what the orchestrator calls the pool")
    metrics: Mapped[JsonObject]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="when it was measured")

    __table_args__ = (
        NewestFirst("recorded_at"),
        NewestFirst("recorded_at", within=("tenant_id", "pool_id")),
    )


class SystemMetrics(AppendOnly, PlatformScoped, Base):
    """Measured state of the platform, or of its work for one tenant."""

    __tablename__ = "system_metrics"

    metric_type: Mapped[str]
    metric_data: Mapped[JsonObject]
    concerned_tenant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants.id"), index=True, comment="the tenant it is about; empty is the whole platform"
    )

    __table_args__ = (
        NewestFirst(within=()),
        NewestFirst(within=("metric_type",)),
    )
