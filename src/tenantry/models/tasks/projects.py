"""Projects: their milestones and files."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    BigInt,
    JsonObject,
    NewestFirst,
    No,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.traits import Created

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.tasks.work import RecurringTask, Task


class ProjectStatus(StrEnum):
    """How far a project has come."""

    ACTIVE = "active"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    ARCHIVED = "archived"


class ProjectVisibility(StrEnum):
    """Whom the application shows a project to; to the database it is the tenant's."""

    PRIVATE = "private"
    TEAM = "team"
    PUBLIC = "public"


class Project(Created, TenantScoped, Base):
    """A project. One that has tasks is archived rather than deleted."""

    __tablename__ = "projects"

    code: Mapped[str | None] = mapped_column(comment="short name that people know it by")
    name: Mapped[str]
    description: Mapped[str | None]
    owner_id: Mapped[UUID] = member(server_default=func.get_current_user_id())
    status: Mapped[ProjectStatus] = mapped_column(server_default=ProjectStatus.ACTIVE)
    visibility: Mapped[ProjectVisibility] = mapped_column(server_default=ProjectVisibility.PRIVATE)
    start_date: Mapped[datetime | None]
    end_date: Mapped[datetime | None]
    is_continuous: Mapped[No] = mapped_column(comment="goes on without an end")
    completed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    owner: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "Project.owner_id"))
    milestones: Mapped[list["Milestone"]] = children(same_tenant("Project.id", "Milestone.project_id"), "project")
    tasks: Mapped[list["Task"]] = children(same_tenant("Project.id", "Task.project_id"), "project")
    recurring_tasks: Mapped[list["RecurringTask"]] = children(
        same_tenant("Project.id", "RecurringTask.project_id"), "project"
    )
    files: Mapped[list["ProjectFile"]] = children(same_tenant("Project.id", "ProjectFile.project_id"), "project")

    __table_args__ = (
        unique_in_tenant("code"),
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("code <> ''", name="code"),
        CheckConstraint("start_date <= end_date", name="dates"),
    )


class ProjectFile(TenantScoped, Base):
    """A file of a project."""

    __tablename__ = "project_repository"

    project_id: Mapped[UUID] = reference("projects", on_delete="cascade")
    file_name: Mapped[str]
    file_path: Mapped[str]
    file_type: Mapped[str | None]
    file_size: Mapped[BigInt] = mapped_column(server_default="0", comment="bytes")
    description: Mapped[str | None]
    uploaded_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())

    project: Mapped[Project] = parent(same_tenant("Project.id", "ProjectFile.project_id"), "files")
    uploader: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "ProjectFile.uploaded_by"))

    __table_args__ = (
        NewestFirst(within=("tenant_id", "project_id")),
        CheckConstraint("file_size >= 0", name="file_size"),
    )


class MilestoneStatus(StrEnum):
    """How far a milestone has come."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"


class Milestone(TenantScoped, Base):
    """A milestone of a project."""

    __tablename__ = "milestones"

    project_id: Mapped[UUID] = reference("projects", on_delete="cascade")
    title: Mapped[str]
    description: Mapped[str | None]
    target_date: Mapped[datetime | None]
    status: Mapped[MilestoneStatus] = mapped_column(server_default=MilestoneStatus.PENDING)
    completed_at: Mapped[datetime | None]

    project: Mapped[Project] = parent(same_tenant("Project.id", "Milestone.project_id"), "milestones")
    tasks: Mapped[list["Task"]] = children(same_tenant("Milestone.id", "Task.milestone_id"), "milestone")

    __table_args__ = (
        Index(None, "tenant_id", "project_id", "target_date"),
        CheckConstraint("title <> ''", name="title"),
    )
