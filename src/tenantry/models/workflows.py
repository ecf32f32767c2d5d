"""Workflows: definitions, runs and their quality, and the Bolt and BMAD pipelines that build software."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped, TenantScoped, TenantUserScoped
from tenantry.models.columns import (
    BigInt,
    Count,
    JsonList,
    JsonObject,
    NewestFirst,
    No,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
)

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.tasks import Project


class Workflow(TenantScoped, Base):
    """Definition of an AI workflow."""

    __tablename__ = "ai_workflows"

    name: Mapped[str]
    description: Mapped[str | None]
    nodes: Mapped[JsonList]
    connections: Mapped[JsonList]
    is_active: Mapped[Yes]
    is_public: Mapped[No] = mapped_column(comment="offered to all members of the tenant; never to other tenants")
    created_by: Mapped[UUID | None] = member(on_delete="set null")
    usage_count: Mapped[Count]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Workflow.created_by"))
    executions: Mapped[list["WorkflowExecution"]] = children(
        same_tenant("Workflow.id", "WorkflowExecution.workflow_id"), "workflow"
    )

    __table_args__ = (NewestFirst(), CheckConstraint("usage_count >= 0", name="usage_count"))


class ExecutionStatus(StrEnum):
    """How far a run has come."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WorkflowExecution(TenantUserScoped, Base):
    """One run of a workflow."""

    __tablename__ = "workflow_executions"

    workflow_id: Mapped[UUID | None] = reference("ai_workflows", on_delete="set null")
    status: Mapped[ExecutionStatus] = mapped_column(server_default=ExecutionStatus.RUNNING)
    progress: Mapped[Count] = mapped_column(comment="percent")
    current_step: Mapped[str | None]
    steps: Mapped[JsonList]
    results: Mapped[JsonObject]
    metrics: Mapped[JsonObject]
    context: Mapped[JsonObject]
    error_message: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    completed_at: Mapped[datetime | None]

    workflow: Mapped[Workflow | None] = parent(
        same_tenant("Workflow.id", "WorkflowExecution.workflow_id"), "executions"
    )
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "WorkflowExecution.user_id"))
    quality_gate_results: Mapped[list["QualityGateResult"]] = children(
        same_tenant("WorkflowExecution.id", "QualityGateResult.execution_id"), "execution"
    )

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        Index(None, "tenant_id", "status"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
    )


class WorkflowTemplate(TenantConfigScoped, Base):
    """A reusable workflow definition."""

    __tablename__ = "workflow_templates"

    name: Mapped[str]
    description: Mapped[str | None]
    category: Mapped[str] = mapped_column(server_default="general")
    nodes: Mapped[JsonList]
    connections: Mapped[JsonList]
    is_public: Mapped[Yes] = mapped_column(comment="offered to all members of the tenant; never to other tenants")
    created_by: Mapped[UUID | None] = member(on_delete="set null")
    usage_count: Mapped[Count]

    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "WorkflowTemplate.created_by"))

    __table_args__ = (Index(None, "tenant_id", "category"), CheckConstraint("usage_count >= 0", name="usage_count"))


class QualityGateResult(TenantScoped, Base):
    """Outcome of a quality check on a run."""

    __tablename__ = "quality_gate_results"

    gate_name: Mapped[str]
    content_id: Mapped[str | None]
    execution_id: Mapped[UUID | None] = reference("workflow_executions", on_delete="set null")
    passed: Mapped[bool]
    score: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    feedback: Mapped[str | None]
    suggestions: Mapped[JsonList]
    metrics: Mapped[JsonObject]
    context: Mapped[JsonObject]

    execution: Mapped[WorkflowExecution | None] = parent(
        same_tenant("WorkflowExecution.id", "QualityGateResult.execution_id"), "quality_gate_results"
    )

    __table_args__ = (NewestFirst(),)


class BoltMode(StrEnum):
    """Whether Bolt generates at once or asks the BMAD agents first."""

    DIRECT = "direct"
    BMAD = "bmad"


class BoltStatus(StrEnum):
    """How far a Bolt workflow has come."""

    PENDING = "pending"
    ORCHESTRATING = "orchestrating"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"


class BoltWorkflow(TenantScoped, Base):
    """A Bolt automation workflow; its source's workflow_id is the id here."""

    __tablename__ = "bolt_workflows"

    mode: Mapped[BoltMode]
    user_description: Mapped[str | None]
    status: Mapped[BoltStatus] = mapped_column(server_default=BoltStatus.PENDING)
    current_agent: Mapped[str | None]
    agents_completed: Mapped[JsonList]
    tech_stack: Mapped[dict[str, Any] | None]
    archon_project_id: Mapped[int | None] = mapped_column(comment="the project's number in Archon")
    knowledge_source_id: Mapped[str | None]
    zip_file_path: Mapped[str | None]
    completed_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    artifacts: Mapped[list["WorkflowArtifact"]] = children(
        same_tenant("BoltWorkflow.id", "WorkflowArtifact.workflow_id"), "workflow"
    )
    agent_executions: Mapped[list["AgentExecution"]] = children(
        same_tenant("BoltWorkflow.id", "AgentExecution.workflow_id"), "workflow"
    )

    __table_args__ = (NewestFirst(), Index(None, "tenant_id", "status"))


class ArtifactType(StrEnum):
    """What a produced file is."""

    DOCUMENTATION = "documentation"
    CODE = "code"
    TEST = "test"
    CONFIG = "config"
    DIAGRAM = "diagram"
    ZIP = "zip"


class WorkflowArtifact(TenantScoped, Base):
    """A file that a Bolt workflow produced."""

    __tablename__ = "workflow_artifacts"

    workflow_id: Mapped[UUID] = reference("bolt_workflows", on_delete="cascade")
    artifact_type: Mapped[ArtifactType]
    file_name: Mapped[str]
    file_path: Mapped[str]
    file_size_bytes: Mapped[BigInt | None]
    mime_type: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    workflow: Mapped[BoltWorkflow] = parent(same_tenant("BoltWorkflow.id", "WorkflowArtifact.workflow_id"), "artifacts")

    __table_args__ = (CheckConstraint("file_size_bytes >= 0", name="file_size_bytes"),)


class AgentStatus(StrEnum):
    """How far an agent's step has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"


class AgentExecution(TenantScoped, Base):
    """One agent step of a Bolt workflow."""

    __tablename__ = "agent_executions"

    workflow_id: Mapped[UUID] = reference("bolt_workflows", on_delete="cascade")
    agent_name: Mapped[str]
    agent_id: Mapped[str] = mapped_column(comment="the agent's key in its catalogue, not a row's id")
    status: Mapped[AgentStatus] = mapped_column(server_default=AgentStatus.PENDING)
    input_context: Mapped[dict[str, Any] | None]
    output_result: Mapped[str | None]
    output_summary: Mapped[str | None]
    execution_time_seconds: Mapped[int | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    error_message: Mapped[str | None]

    workflow: Mapped[BoltWorkflow] = parent(
        same_tenant("BoltWorkflow.id", "AgentExecution.workflow_id"), "agent_executions"
    )

    __table_args__ = (NewestFirst(),)


class OrchestratorStatus(StrEnum):
    """Where an orchestrated project stands."""

    ANALYZING = "analyzing"
    READY = "ready"
    PRODUCING = "producing"
    COMPLETED = "completed"
    FAILED = "failed"


class OrchestratorState(TenantScoped, Base):
    """State of a workflow's orchestrator."""

    __tablename__ = "orchestrator_state"

    project_id: Mapped[UUID] = reference("projects", on_delete="cascade", comment="the project it is about")
    agents_consulted: Mapped[list[str]] = mapped_column(server_default="{}")
    messages_count: Mapped[Count]
    architecture_defined: Mapped[No]
    requirements_clear: Mapped[No]
    tech_stack_chosen: Mapped[No]
    ux_specified: Mapped[No]
    tests_planned: Mapped[No]
    confidence_score: Mapped[Count] = mapped_column(comment="percent")
    project_ready: Mapped[No]
    knowledge_base_id: Mapped[str | None]
    knowledge_doc_path: Mapped[str | None]
    production_ordered: Mapped[No]
    production_command: Mapped[dict[str, Any] | None]
    bolt_url: Mapped[str | None]
    status: Mapped[OrchestratorStatus] = mapped_column(server_default=OrchestratorStatus.ANALYZING)
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    project: Mapped["Project"] = parent(same_tenant("Project.id", "OrchestratorState.project_id"))
    bmad_workflows: Mapped[list["BmadWorkflow"]] = children(
        same_tenant("OrchestratorState.id", "BmadWorkflow.orchestrator_state_id"), "orchestrator_state"
    )

    __table_args__ = (
        CheckConstraint("messages_count >= 0", name="messages_count"),
        CheckConstraint("confidence_score BETWEEN 0 AND 100", name="confidence_score"),
    )


class BmadWorkflowType(StrEnum):
    """The BMAD agent that a workflow is the work of."""

    ARCHITECT = "architect"
    PM = "pm"
    DEV = "dev"
    UX_DESIGNER = "ux-designer"
    TEA = "tea"
    ORCHESTRATOR = "orchestrator"


class BmadStatus(StrEnum):
    """How far a BMAD workflow has come."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BmadWorkflow(TenantScoped, Base):
    """One run of a BMAD workflow."""

    __tablename__ = "bmad_workflows"

    project_id: Mapped[UUID] = reference("projects", on_delete="cascade", comment="the project it works on")
    orchestrator_state_id: Mapped[UUID | None] = reference("orchestrator_state", on_delete="set null")
    workflow_name: Mapped[str]
    workflow_type: Mapped[BmadWorkflowType | None]
    agent_id: Mapped[str | None] = mapped_column(comment="the agent's key in its catalogue, not a row's id")
    status: Mapped[BmadStatus] = mapped_column(server_default=BmadStatus.PENDING)
    input_data: Mapped[JsonObject]
    output_data: Mapped[JsonObject]
    result: Mapped[dict[str, Any] | None]
    error_message: Mapped[str | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    duration_seconds: Mapped[int | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    project: Mapped["Project"] = parent(same_tenant("Project.id", "BmadWorkflow.project_id"))
    orchestrator_state: Mapped[OrchestratorState | None] = parent(
        same_tenant("OrchestratorState.id", "BmadWorkflow.orchestrator_state_id"), "bmad_workflows"
    )

    __table_args__ = (NewestFirst(),)
