"""Voice agents: how many a person may have, their runs, and what a completed run adds to the day's usage."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy, Trigger
from tenantry.models.audit import DEFINER
from tenantry.models.base import Base, TenantUserScoped
from tenantry.models.columns import (
    PLATFORM_WRITTEN,
    Count,
    NewestFirst,
    Tokens,
    children,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.roles import OWNER
from tenantry.models.routines import function

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class AgentType(StrEnum):
    """Who calls: people the agent, or the agent people."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class Agent(TenantUserScoped, Base):
    """A member's voice agent; all of a person's, in whatever tenant, count against users.max_agents."""

    __tablename__ = "agents"

    name: Mapped[str]
    type: Mapped[AgentType]
    use_case: Mapped[str]
    description: Mapped[str]
    total_runs: Mapped[Count] = mapped_column(info={PLATFORM_WRITTEN: True}, comment="runs ever begun")

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "Agent.user_id"))
    runs: Mapped[list["AgentRun"]] = children(same_tenant("Agent.id", "AgentRun.agent_id"), "agent")

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        Index(None, "user_id"),
        CheckConstraint("total_runs >= 0", name="total_runs"),
        # the limit is the person's and not the tenant's; the function shows nothing of what it counts
        Policy("functions", to=OWNER, using="true"),
        Trigger("enforce_agent_limit", before="insert, update", of="user_id", execute="check_agent_limit()"),
    )


class RunType(StrEnum):
    """How a run reaches the person."""

    WEB_CALL = "WEB_CALL"
    PHONE_CALL = "PHONE_CALL"


class RunStatus(StrEnum):
    """How far a run has come."""

    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


class AgentRun(TenantUserScoped, Base):
    """One run of an agent, charged to the member whose run it is."""

    __tablename__ = "agent_runs"

    run_number: Mapped[str]
    agent_id: Mapped[UUID | None] = reference("agents", on_delete="set null")
    campaign_id: Mapped[UUID | None] = reference("mkt_campaigns", on_delete="set null")
    type: Mapped[RunType]
    phone_number: Mapped[str | None]
    status: Mapped[RunStatus] = mapped_column(server_default=RunStatus.IN_PROGRESS)
    disposition: Mapped[str | None] = mapped_column(comment="how the call ended")
    duration_seconds: Mapped[Count]
    dograh_tokens: Mapped[Tokens] = mapped_column(comment="what Dograh, which runs the agents, charges")
    transcript_text: Mapped[str | None]
    recording_url: Mapped[str | None]
    completed_at: Mapped[datetime | None] = mapped_column(comment="set by the database on completion if left empty")
    counted_at: Mapped[datetime | None] = mapped_column(
        info={PLATFORM_WRITTEN: True}, comment="when it was added to the day's usage; kept by the database"
    )

    agent: Mapped[Agent | None] = parent(same_tenant("Agent.id", "AgentRun.agent_id"), "runs")
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "AgentRun.user_id"))

    __table_args__ = (
        unique_in_tenant("run_number"),
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        NewestFirst(within=("tenant_id", "agent_id")),
        NewestFirst(within=("tenant_id", "status")),
        CheckConstraint("duration_seconds >= 0 AND dograh_tokens >= 0", name="figures"),
        Trigger("mark_completed_run", before="insert, update", execute="mark_completed_run()"),
        Trigger("update_user_usage_tracking", after="insert, update", execute="update_user_usage_tracking()"),
        Trigger("count_agent_run", after="insert", when="new.agent_id IS NOT NULL", execute="count_agent_run()"),
    )


function(
    "check_agent_limit",
    returns="trigger",
    **DEFINER,
    comment="Trigger: nobody has more agents than users.max_agents, however many are inserted at the same instant.",
)
function(
    "mark_completed_run",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: marks a run on its first completion as counted, whatever the statement says.",
)
function(
    "update_user_usage_tracking",
    returns="trigger",
    **DEFINER,
    comment="Trigger: a run that has just been marked is added to its member's day, with its figures at this moment.",
)
function("count_agent_run", returns="trigger", **DEFINER, comment="Trigger: agents.total_runs counts the runs begun.")
