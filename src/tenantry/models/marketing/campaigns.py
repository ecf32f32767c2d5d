"""Campaigns: what they aim at, what is planned when, and what was moved."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import AppendOnly, Base, TenantScoped
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
from tenantry.models.traits import CurrentNewestFirst, Money, Percent, SoftDeleted

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.marketing.reach import UtmLink
    from tenantry.models.tasks import Project


class CampaignType(StrEnum):
    """By what means a campaign works."""

    EMAIL = "email"
    SOCIAL = "social"
    PAID_ADS = "paid-ads"
    CONTENT = "content"
    EVENT = "event"
    LAUNCH = "launch"


class CampaignStatus(StrEnum):
    """How far a campaign has come."""

    DRAFT = "draft"
    PLANNING = "planning"
    LAUNCHING = "launching"
    IN_PROGRESS = "in-progress"
    PAUSED = "paused"
    COMPLETED = "completed"


class CampaignPriority(StrEnum):
    """Which campaign comes first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Campaign(SoftDeleted, TenantScoped, Base):
    """A marketing campaign, with what it costs and what it brings."""

    __tablename__ = "mkt_campaigns"

    name: Mapped[str]
    type: Mapped[CampaignType]
    status: Mapped[CampaignStatus] = mapped_column(server_default=CampaignStatus.PLANNING)
    priority: Mapped[CampaignPriority] = mapped_column(server_default=CampaignPriority.MEDIUM)
    owner_id: Mapped[UUID] = member(server_default=func.get_current_user_id())
    description: Mapped[str | None]
    purpose: Mapped[str | None]
    notes: Mapped[str | None]
    start_date: Mapped[dt.date]
    end_date: Mapped[dt.date | None]
    channels: Mapped[list[str]] = mapped_column(server_default="{}", comment="as the tenant calls them")
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    progress: Mapped[Count] = mapped_column(comment="percent")
    ai_score: Mapped[int | None] = mapped_column(comment="how promising a model finds it, 0 to 100")
    budget: Mapped[Money] = mapped_column(server_default="0")
    spent: Mapped[Money] = mapped_column(server_default="0", comment="may exceed the budget, which is worth knowing")
    revenue: Mapped[Money] = mapped_column(server_default="0")
    reach: Mapped[Count] = mapped_column(comment="people")
    reach_goal: Mapped[Count]
    engagement: Mapped[Percent] = mapped_column(server_default="0")
    engagement_goal: Mapped[Percent] = mapped_column(server_default="0")
    impressions: Mapped[Count]
    clicks: Mapped[Count]
    conversions: Mapped[Count]

    owner: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "Campaign.owner_id"))
    goals: Mapped[list["CampaignGoal"]] = children(same_tenant("Campaign.id", "CampaignGoal.campaign_id"), "campaign")
    activities: Mapped[list["CampaignActivity"]] = children(
        same_tenant("Campaign.id", "CampaignActivity.campaign_id"), "campaign"
    )
    projects: Mapped[list["CampaignProject"]] = children(
        same_tenant("Campaign.id", "CampaignProject.campaign_id"), "campaign"
    )
    utm_links: Mapped[list["UtmLink"]] = children(same_tenant("Campaign.id", "UtmLink.campaign_id"), "campaign")

    __table_args__ = (
        CurrentNewestFirst(),
        Index(None, "tenant_id", "status"),
        Index(None, "tenant_id", "start_date"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("start_date <= end_date", name="dates"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("ai_score BETWEEN 0 AND 100", name="ai_score"),
        CheckConstraint("budget >= 0 AND spent >= 0 AND revenue >= 0", name="money"),
        CheckConstraint("engagement BETWEEN 0 AND 100 AND engagement_goal BETWEEN 0 AND 100", name="engagement"),
        CheckConstraint(
            "reach >= 0 AND reach_goal >= 0 AND impressions >= 0 AND clicks >= 0 AND conversions >= 0", name="figures"
        ),
    )


class CampaignGoal(TenantScoped, Base):
    """A goal of a campaign, and how much of it is achieved."""

    __tablename__ = "mkt_campaign_goals"

    campaign_id: Mapped[UUID] = reference("mkt_campaigns", on_delete="cascade")
    goal_text: Mapped[str]
    target_value: Mapped[Money | None]
    achieved_value: Mapped[Money | None]

    campaign: Mapped[Campaign] = parent(same_tenant("Campaign.id", "CampaignGoal.campaign_id"), "goals")

    __table_args__ = (CheckConstraint("goal_text <> ''", name="goal_text"),)


class ProjectPart(StrEnum):
    """What a project is to a campaign."""

    MAIN = "main"
    SUB = "sub"
    SUPPORT = "support"


class CampaignProject(TenantScoped, Base):
    """A project that works for a campaign."""

    __tablename__ = "mkt_campaign_projects"

    campaign_id: Mapped[UUID] = reference("mkt_campaigns", on_delete="cascade")
    project_id: Mapped[UUID] = reference("projects", on_delete="cascade")
    role: Mapped[ProjectPart | None]

    campaign: Mapped[Campaign] = parent(same_tenant("Campaign.id", "CampaignProject.campaign_id"), "projects")
    project: Mapped["Project"] = parent(same_tenant("Project.id", "CampaignProject.project_id"))

    __table_args__ = (unique_in_tenant("campaign_id", "project_id"),)


class ActivityType(StrEnum):
    """By what means an activity works."""

    EMAIL = "email"
    SOCIAL = "social"
    PAID_ADS = "paid-ads"
    CONTENT = "content"
    EVENT = "event"
    ANNOUNCEMENT = "announcement"
    LAUNCH = "launch"


class ActivityStatus(StrEnum):
    """How far an activity has come."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CampaignActivity(SoftDeleted, TenantScoped, Base):
    """A planned activity of a campaign. One that was moved is marked as deleted rather than deleted."""

    __tablename__ = "mkt_campaign_activities"

    campaign_id: Mapped[UUID] = reference("mkt_campaigns", on_delete="cascade")
    title: Mapped[str]
    type: Mapped[ActivityType]
    status: Mapped[ActivityStatus] = mapped_column(server_default=ActivityStatus.SCHEDULED)
    scheduled_on: Mapped[dt.date] = mapped_column(comment="its first day")
    duration: Mapped[int] = mapped_column(server_default="1", comment="days")
    start_time: Mapped[dt.time | None] = mapped_column(comment="local time of day")
    end_time: Mapped[dt.time | None] = mapped_column(comment="local time of day")
    description: Mapped[str | None]
    location: Mapped[str | None]
    budget: Mapped[Money | None]
    reach: Mapped[int | None] = mapped_column(comment="people")
    notes: Mapped[str | None]

    campaign: Mapped[Campaign] = parent(same_tenant("Campaign.id", "CampaignActivity.campaign_id"), "activities")
    changes: Mapped[list["CampaignActivityChange"]] = children(
        same_tenant("CampaignActivity.id", "CampaignActivityChange.activity_id"), "activity"
    )

    __table_args__ = (
        CurrentNewestFirst(),
        Index(None, "tenant_id", "scheduled_on"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("duration > 0", name="duration"),
        CheckConstraint("duration > 1 OR start_time <= end_time", name="times"),
        CheckConstraint("budget >= 0 AND reach >= 0", name="figures"),
    )


class CampaignActivityChange(AppendOnly, TenantScoped, Base):
    """An activity was moved to another day."""

    __tablename__ = "mkt_campaign_activities_history"

    activity_id: Mapped[UUID] = reference("mkt_campaign_activities")
    old_date: Mapped[dt.date]
    new_date: Mapped[dt.date]
    changed_by: Mapped[UUID] = member(server_default=func.get_current_user_id())

    activity: Mapped[CampaignActivity] = parent(
        same_tenant("CampaignActivity.id", "CampaignActivityChange.activity_id"), "changes"
    )
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "CampaignActivityChange.changed_by"))

    __table_args__ = (NewestFirst(within=("tenant_id", "activity_id")),)
