"""Routing: how work finds a worker, how well that goes, and the workers of the platform."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import AppendOnly, Base, PlatformScoped, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    Count,
    JsonList,
    JsonObject,
    NewestFirst,
    No,
    Tokens,
    Yes,
    member,
    parent,
    same_tenant,
    unique_in_tenant,
)

if TYPE_CHECKING:
    from tenantry.models.identity import Tenant, TenantUser


class RoutingStrategy(TenantConfigScoped, Base):
    """How work is routed to workers."""

    __tablename__ = "routing_strategies"

    key: Mapped[str] = mapped_column(comment="what the router calls it, as in round-robin")
    name: Mapped[str]
    description: Mapped[str]
    use_case: Mapped[str | None]
    pros: Mapped[JsonList]
    cons: Mapped[JsonList]
    recommended: Mapped[No]
    enabled: Mapped[Yes]
    custom_config: Mapped[JsonObject]
    created_by: Mapped[UUID | None] = member(on_delete="set null")
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "RoutingStrategy.created_by"))
    editor: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "RoutingStrategy.updated_by"))

    __table_args__ = (unique_in_tenant("key"),)


class RoutingMetrics(TenantScoped, Base):
    """How much of a tenant's work a worker was given, and by which strategies, since the last reset."""

    __tablename__ = "routing_metrics"

    worker_id: Mapped[str] = mapped_column(comment="as in worker_registry, which tenants do not see")
    total_routed: Mapped[Tokens] = mapped_column(comment="pieces of work")
    by_worker: Mapped[JsonObject]
    by_strategy: Mapped[JsonObject]
    by_region: Mapped[JsonObject]
    last_reset: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        unique_in_tenant("worker_id"),
        NewestFirst("last_reset"),
        CheckConstraint("total_routed >= 0", name="total_routed"),
    )


class WorkerStatus(StrEnum):
    """Whether a worker takes work."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    MAINTENANCE = "maintenance"
    ERROR = "error"


class Worker(PlatformScoped, Base):
    """A worker of the platform, and its health."""

    __tablename__ = "worker_registry"

    worker_id: Mapped[str] = mapped_column(unique=True, comment="what it calls itself")
    worker_type: Mapped[str]
    dedicated_tenant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="SET NULL"), index=True, comment="works for this tenant alone"
    )
    status: Mapped[WorkerStatus] = mapped_column(server_default=WorkerStatus.ACTIVE)
    health_score: Mapped[int] = mapped_column(server_default="100", comment="percent")
    capacity: Mapped[int] = mapped_column(server_default="1", comment="pieces of work at a time")
    current_load: Mapped[Count]
    region: Mapped[str | None]
    tags: Mapped[JsonList]
    last_heartbeat: Mapped[datetime] = mapped_column(server_default=func.now())
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    dedicated_tenant: Mapped["Tenant | None"] = parent("Tenant.id == foreign(Worker.dedicated_tenant_id)")

    __table_args__ = (
        Index("ix_worker_registry_available", "worker_type", "region", postgresql_where=text("status = 'active'")),
        Index(None, "last_heartbeat"),
        Index(None, "tags", postgresql_using="gin"),
        CheckConstraint("health_score BETWEEN 0 AND 100", name="health_score"),
        CheckConstraint("capacity >= 0 AND current_load >= 0", name="load"),
    )


class Severity(StrEnum):
    """How grave an event is."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class WorkerEventLog(AppendOnly, PlatformScoped, Base):
    """What happened to a worker, kept when the worker is gone."""

    __tablename__ = "worker_event_logs"

    worker_id: Mapped[str] = mapped_column(comment="as in worker_registry")
    concerned_tenant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants.id"), index=True, comment="the tenant whose work it was about"
    )
    event_type: Mapped[str]
    event_data: Mapped[JsonObject]
    severity: Mapped[Severity] = mapped_column(server_default=Severity.INFO)

    __table_args__ = (
        NewestFirst(within=("worker_id",)),
        NewestFirst(within=("severity",)),
    )
