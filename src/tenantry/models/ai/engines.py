"""Engines: flows of models that a tenant deploys, who may use them, members' own copies, and their runs."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped, TenantUserScoped
from tenantry.models.columns import (
    Count,
    JsonList,
    JsonObject,
    NewestFirst,
    No,
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
from tenantry.models.vocabulary import Tier
from tenantry.models.workflows import ExecutionStatus

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class ExecutionMode(StrEnum):
    """In what order the nodes of an engine run."""

    SEQUENTIAL = "sequential"
    PARALLEL = "parallel"


class AiEngine(TenantConfigScoped, Base):
    """A deployed engine: a flow of models."""

    __tablename__ = "ai_engines"

    name: Mapped[str]
    description: Mapped[str | None]
    flow_config: Mapped[JsonObject]
    nodes: Mapped[JsonList]
    edges: Mapped[JsonList]
    models: Mapped[JsonList] = mapped_column(comment="model_ids that its nodes call")
    execution_mode: Mapped[ExecutionMode] = mapped_column(server_default=ExecutionMode.SEQUENTIAL)
    tier: Mapped[Tier | None] = mapped_column(comment="the tier it is made for; empty is any")
    active: Mapped[Yes]
    is_default: Mapped[No] = mapped_column(comment="what members without an assignment get; one a tenant")
    created_by: Mapped[UUID | None] = member(on_delete="set null")
    last_used: Mapped[datetime | None]

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "AiEngine.created_by"))
    assignments: Mapped[list["EngineAssignment"]] = children(
        same_tenant("AiEngine.id", "EngineAssignment.engine_id"), "engine"
    )
    levels: Mapped[list["LevelEngine"]] = children(same_tenant("AiEngine.id", "LevelEngine.engine_id"), "engine")
    copies: Mapped[list["UserEngine"]] = children(same_tenant("AiEngine.id", "UserEngine.engine_id"), "engine")
    executions: Mapped[list["EngineExecution"]] = children(
        same_tenant("AiEngine.id", "EngineExecution.engine_id"), "engine"
    )

    __table_args__ = (
        NewestFirst(),
        Index("uq_ai_engines_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
    )


class AssignmentType(StrEnum):
    """What an engine is assigned to."""

    TIER = "tier"
    USER = "user"
    LEVEL = "level"


class EngineAssignment(TenantConfigScoped, Base):
    """Which tier, level or member may use an engine."""

    __tablename__ = "engine_assignments"

    engine_id: Mapped[UUID] = reference("ai_engines", on_delete="cascade")
    assignment_type: Mapped[AssignmentType]
    tier: Mapped[Tier | None]
    level_id: Mapped[UUID | None] = reference("levels", on_delete="cascade")
    user_id: Mapped[UUID | None] = member(on_delete="cascade")
    priority: Mapped[Count] = mapped_column(comment="which engine is taken where several are assigned, highest first")
    active: Mapped[Yes]

    engine: Mapped[AiEngine] = parent(same_tenant("AiEngine.id", "EngineAssignment.engine_id"), "assignments")
    level: Mapped[Level | None] = parent(same_tenant("Level.id", "EngineAssignment.level_id"))
    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "EngineAssignment.user_id"))

    __table_args__ = (
        unique_in_tenant("engine_id", "tier"),
        unique_in_tenant("engine_id", "level_id"),
        unique_in_tenant("engine_id", "user_id"),
        CheckConstraint(
            "num_nonnulls(tier, level_id, user_id) = 1 AND CASE assignment_type"
            " WHEN 'tier' THEN tier IS NOT NULL WHEN 'level' THEN level_id IS NOT NULL ELSE user_id IS NOT NULL END",
            name="assignee",
        ),
    )


class EngineAccess(StrEnum):
    """What a level may do with an engine."""

    READ = "read"
    EXECUTE = "execute"


class LevelEngine(TenantConfigScoped, Base):
    """An engine that a level includes."""

    __tablename__ = "level_engines"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    engine_id: Mapped[UUID] = reference("ai_engines", on_delete="cascade")
    access_type: Mapped[EngineAccess] = mapped_column(server_default=EngineAccess.EXECUTE)

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelEngine.level_id"))
    engine: Mapped[AiEngine] = parent(same_tenant("AiEngine.id", "LevelEngine.engine_id"), "levels")

    __table_args__ = (unique_in_tenant("level_id", "engine_id"),)


class EngineStatus(StrEnum):
    """Whether a copy is in use."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class UserEngine(TenantUserScoped, Base):
    """A member's own copy of an engine, with a key for his programs."""

    __tablename__ = "user_engines"

    engine_id: Mapped[UUID] = reference("ai_engines", on_delete="cascade", comment="what it was copied from")
    name: Mapped[str]
    description: Mapped[str | None]
    config: Mapped[JsonObject]
    nodes: Mapped[JsonList]
    edges: Mapped[JsonList]
    models: Mapped[JsonList] = mapped_column(comment="model_ids that its nodes call")
    api_key_hash: Mapped[str | None] = mapped_column(index=True, comment="SHA-256 of the key, in hex")
    api_key_prefix: Mapped[str | None] = mapped_column(comment="the beginning of the key, to recognise it by")
    api_key_created_at: Mapped[datetime | None]
    status: Mapped[EngineStatus] = mapped_column(server_default=EngineStatus.ACTIVE)
    is_default: Mapped[No] = mapped_column(comment="what the member's calls take; one a member")

    engine: Mapped[AiEngine] = parent(same_tenant("AiEngine.id", "UserEngine.engine_id"), "copies")
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "UserEngine.user_id"))
    executions: Mapped[list["EngineExecution"]] = children(
        same_tenant("UserEngine.id", "EngineExecution.user_engine_id"), "user_engine"
    )

    __table_args__ = (
        unique_in_tenant("user_id", "engine_id"),
        unique_in_tenant("api_key_hash"),
        Index("uq_user_engines_default", "tenant_id", "user_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("num_nulls(api_key_hash, api_key_prefix, api_key_created_at) IN (0, 3)", name="api_key"),
    )


class EngineExecution(TenantUserScoped, Base):
    """One run of an engine, or of a member's copy of it."""

    __tablename__ = "engine_executions"

    engine_id: Mapped[UUID | None] = reference("ai_engines", on_delete="set null")
    user_engine_id: Mapped[UUID | None] = reference("user_engines", on_delete="set null")
    status: Mapped[ExecutionStatus] = mapped_column(server_default=ExecutionStatus.RUNNING)
    input_data: Mapped[JsonObject]
    execution_data: Mapped[JsonObject] = mapped_column(comment="what each node did")
    error_message: Mapped[str | None]
    execution_time_ms: Mapped[int | None]
    tokens_used: Mapped[Tokens]
    cost_estimate: Mapped[Decimal] = mapped_column(Numeric(14, 6), server_default="0", comment="USD")
    completed_at: Mapped[datetime | None]

    engine: Mapped[AiEngine | None] = parent(same_tenant("AiEngine.id", "EngineExecution.engine_id"), "executions")
    user_engine: Mapped[UserEngine | None] = parent(
        same_tenant("UserEngine.id", "EngineExecution.user_engine_id"), "executions"
    )
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "EngineExecution.user_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        NewestFirst(within=("tenant_id", "engine_id")),
        NewestFirst(within=("tenant_id", "status")),
        CheckConstraint("execution_time_ms >= 0", name="execution_time_ms"),
        CheckConstraint("tokens_used >= 0", name="tokens_used"),
        CheckConstraint("cost_estimate >= 0", name="cost_estimate"),
    )
