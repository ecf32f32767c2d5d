"""Logs, alerts and notes: what happened, what needs attention, and what people remark, about anything.

What they are about is named by ``entity_type``, a table's name, and ``entity_id``.
"""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.audit import DEFINER, IpAddress, written_by_functions
from tenantry.models.base import AppendOnly, Base, TenantAdminScoped, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    JsonObject,
    NewestFirst,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.context import EVERYBODY
from tenantry.models.routines import function

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


# Logs. Owners and admins read them; the functions below write them for every member, who need not see them.


class SystemLog(AppendOnly, TenantAdminScoped, Base):
    """An automated event."""

    __tablename__ = "logs_system"

    action: Mapped[str]
    entity_type: Mapped[str | None]
    entity_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = member(comment="the member in whose name it ran")
    details: Mapped[JsonObject]
    response: Mapped[str | None] = mapped_column(comment="what an outside system answered")

    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "SystemLog.user_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "entity_type", "entity_id")),
        Index(None, "details", postgresql_using="gin"),
        written_by_functions(),
    )


class HumanLog(AppendOnly, TenantAdminScoped, Base):
    """What somebody did."""

    __tablename__ = "logs_human"

    actor_id: Mapped[UUID | None] = member(comment="the member who did it; empty is the platform")
    action: Mapped[str]
    entity_type: Mapped[str | None]
    entity_id: Mapped[UUID | None]
    details: Mapped[JsonObject]
    ip_address: Mapped[IpAddress | None] = mapped_column(INET)
    user_agent: Mapped[str | None]

    actor: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "HumanLog.actor_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "actor_id")),
        NewestFirst(within=("tenant_id", "entity_type", "entity_id")),
        Index(None, "details", postgresql_using="gin"),
        written_by_functions(),
    )


class WebhookLog(AppendOnly, TenantAdminScoped, Base):
    """A webhook call."""

    __tablename__ = "logs_webhook"

    endpoint: Mapped[str]
    sent_by: Mapped[str | None] = mapped_column(comment="the system that called")
    request_data: Mapped[dict[str, Any] | None]
    response_data: Mapped[dict[str, Any] | None]
    status: Mapped[int | None] = mapped_column(comment="HTTP status of the response")

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "endpoint")),
        written_by_functions(),
    )


function(
    "log_system_event",
    arguments="p_action text, p_entity_type text DEFAULT NULL, p_entity_id uuid DEFAULT NULL,"
    " p_details jsonb DEFAULT '{}', p_response text DEFAULT NULL",
    returns="uuid",
    to=EVERYBODY,
    **DEFINER,
    comment="Logs an automated event in the current tenant; returns the entry's id.",
)
function(
    "log_human_action",
    arguments="p_action text, p_entity_type text DEFAULT NULL, p_entity_id uuid DEFAULT NULL,"
    " p_details jsonb DEFAULT '{}', p_ip_address inet DEFAULT NULL, p_user_agent text DEFAULT NULL",
    returns="uuid",
    to=EVERYBODY,
    **DEFINER,
    comment="Logs what the current user does in the current tenant; returns the entry's id.",
)
function(
    "log_webhook_call",
    arguments="p_endpoint text, p_sent_by text DEFAULT NULL, p_request_data jsonb DEFAULT NULL,"
    " p_response_data jsonb DEFAULT NULL, p_status integer DEFAULT NULL",
    returns="uuid",
    to=EVERYBODY,
    **DEFINER,
    comment="Logs a webhook call in the current tenant; returns the entry's id.",
)


# Alerts.


class AlertSeverity(StrEnum):
    """How urgent a kind of alert is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class AlertKey(TenantConfigScoped, Base):
    """A kind of alert."""

    __tablename__ = "alert_keys"

    key: Mapped[str] = mapped_column(comment="what application code calls it")
    alert_name: Mapped[str]
    severity: Mapped[AlertSeverity]
    category: Mapped[str | None]
    description: Mapped[str | None]
    active: Mapped[Yes]
    created_by: Mapped[UUID | None] = member(on_delete="set null")

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "AlertKey.created_by"))
    alerts: Mapped[list["Alert"]] = children(same_tenant("AlertKey.id", "Alert.alert_key_id"), "alert_key")

    __table_args__ = (unique_in_tenant("key"),)


class Alert(TenantScoped, Base):
    """An alert on any entity; of each kind an entity has one that is open."""

    __tablename__ = "alerts"

    entity_type: Mapped[str]
    entity_id: Mapped[UUID]
    alert_key_id: Mapped[UUID] = reference("alert_keys", on_delete="cascade")
    created_by: Mapped[UUID | None] = member(on_delete="set null", comment="empty is the system")
    resolved_at: Mapped[datetime | None] = mapped_column(comment="empty is open")

    alert_key: Mapped[AlertKey] = parent(same_tenant("AlertKey.id", "Alert.alert_key_id"), "alerts")
    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Alert.created_by"))

    __table_args__ = (
        Index(
            "uq_alerts_open",
            "tenant_id",
            "entity_type",
            "entity_id",
            "alert_key_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        NewestFirst(),
        NewestFirst(within=("tenant_id", "entity_type", "entity_id")),
        CheckConstraint("resolved_at >= created_at", name="resolved_at"),
    )


# Notes.


class Note(TenantScoped, Base):
    """A note on any entity."""

    __tablename__ = "notes"

    entity_type: Mapped[str]
    entity_id: Mapped[UUID]
    content: Mapped[str]
    created_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Note.created_by"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "entity_type", "entity_id")),
    )
