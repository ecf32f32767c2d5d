"""Work: tasks and their parts, which waits for which, and the templates that create them on a schedule."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    Count,
    JsonObject,
    NewestFirst,
    Yes,
    children,
    downward,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
    upward,
)
from tenantry.models.tasks.projects import Milestone, Project
from tenantry.models.traits import Created
from tenantry.models.trees import REFUSE_CYCLE

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.tasks.collaboration import TaskActivity, TaskAttachment, TaskComment, TaskWatcher


class TaskType(StrEnum):
    """What kind of work a task is."""

    TASK = "task"
    BUG = "bug"
    FEATURE = "feature"
    EPIC = "epic"
    STORY = "story"


class TaskPriority(StrEnum):
    """What is done first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Frequency(StrEnum):
    """How often a task comes round."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CUSTOM = "custom"


class RecurringTask(Created, TenantScoped, Base):
    """A template that creates tasks on a schedule."""

    __tablename__ = "recurring_tasks"

    name: Mapped[str]
    project_id: Mapped[UUID | None] = reference("projects", on_delete="cascade")
    title_template: Mapped[str]
    description_template: Mapped[str | None]
    task_type: Mapped[TaskType] = mapped_column(server_default=TaskType.TASK)
    priority: Mapped[TaskPriority] = mapped_column(server_default=TaskPriority.MEDIUM)
    frequency: Mapped[Frequency]
    day_repeat: Mapped[str | None] = mapped_column(comment="the days of a week or month that it falls on")
    time_zone: Mapped[str] = mapped_column(server_default="UTC", comment="IANA name, for what a day is")
    next_run: Mapped[datetime | None]
    processing_time_hours: Mapped[int] = mapped_column(
        server_default="24", comment="from a task's start until it is due"
    )
    days_before_insert: Mapped[int] = mapped_column(server_default="7", comment="how early a task is created")
    is_active: Mapped[Yes]

    project: Mapped[Project | None] = parent(same_tenant("Project.id", "RecurringTask.project_id"), "recurring_tasks")
    assignees: Mapped[list["RecurringTaskAssignee"]] = children(
        same_tenant("RecurringTask.id", "RecurringTaskAssignee.recurring_task_id"), "recurring_task"
    )
    tasks: Mapped[list["Task"]] = children(same_tenant("RecurringTask.id", "Task.recurring_task_id"), "recurring_task")

    __table_args__ = (
        Index("ix_recurring_tasks_due", "tenant_id", "next_run", postgresql_where=text("is_active")),
        CheckConstraint("processing_time_hours > 0", name="processing_time_hours"),
        CheckConstraint("days_before_insert >= 0", name="days_before_insert"),
    )


class RecurringTaskAssignee(TenantScoped, Base):
    """Who a recurring task goes to."""

    __tablename__ = "recurring_task_assignees"

    recurring_task_id: Mapped[UUID] = reference("recurring_tasks", on_delete="cascade")
    staff_id: Mapped[UUID] = member(on_delete="cascade")

    recurring_task: Mapped[RecurringTask] = parent(
        same_tenant("RecurringTask.id", "RecurringTaskAssignee.recurring_task_id"), "assignees"
    )
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "RecurringTaskAssignee.staff_id"))

    __table_args__ = (unique_in_tenant("recurring_task_id", "staff_id"),)


class TaskStatus(StrEnum):
    """How far a task has come."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    DONE = "done"
    CANCELLED = "cancelled"


class Task(Created, TenantScoped, Base):
    """A task, or part of one. One that something happened to is archived rather than deleted."""

    __tablename__ = "tasks"

    task_number: Mapped[str] = mapped_column(comment="what people call it by")
    parent_task_id: Mapped[UUID | None] = reference("tasks", on_delete="cascade", comment="the task it is a part of")
    project_id: Mapped[UUID | None] = reference("projects")
    milestone_id: Mapped[UUID | None] = reference("milestones", on_delete="set null")
    recurring_task_id: Mapped[UUID | None] = reference("recurring_tasks", on_delete="set null")
    repeat_key: Mapped[str | None] = mapped_column(comment="which turn of the recurring task it is")
    title: Mapped[str]
    description: Mapped[str | None]
    task_type: Mapped[TaskType] = mapped_column(server_default=TaskType.TASK)
    status: Mapped[TaskStatus] = mapped_column(server_default=TaskStatus.TODO)
    priority: Mapped[TaskPriority] = mapped_column(server_default=TaskPriority.MEDIUM)
    position: Mapped[Count] = mapped_column(comment="place on the board, from the top")
    assignee_id: Mapped[UUID | None] = member(on_delete="set null")
    assigned_by: Mapped[UUID | None] = member(on_delete="set null")
    reviewed_by: Mapped[UUID | None] = member(on_delete="set null")
    start_date: Mapped[datetime | None]
    due_date: Mapped[datetime | None]
    original_due_date: Mapped[datetime | None] = mapped_column(comment="due_date before it was moved")
    estimated_hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    actual_hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    archived_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    parent_task: Mapped["Task | None"] = parent(upward("Task.parent_task_id"), "subtasks")
    subtasks: Mapped[list["Task"]] = children(downward("Task.parent_task_id"), "parent_task")
    project: Mapped[Project | None] = parent(same_tenant("Project.id", "Task.project_id"), "tasks")
    milestone: Mapped[Milestone | None] = parent(same_tenant("Milestone.id", "Task.milestone_id"), "tasks")
    recurring_task: Mapped[RecurringTask | None] = parent(
        same_tenant("RecurringTask.id", "Task.recurring_task_id"), "tasks"
    )
    assignee: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Task.assignee_id"))
    reviewer: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Task.reviewed_by"))
    waits_for: Mapped[list["TaskDependency"]] = children(same_tenant("Task.id", "TaskDependency.task_id"), "task")
    waited_for_by: Mapped[list["TaskDependency"]] = children(
        same_tenant("Task.id", "TaskDependency.depends_on_task_id"), "depends_on_task"
    )
    watchers: Mapped[list["TaskWatcher"]] = children(same_tenant("Task.id", "TaskWatcher.task_id"), "task")
    comments: Mapped[list["TaskComment"]] = children(same_tenant("Task.id", "TaskComment.task_id"), "task")
    attachments: Mapped[list["TaskAttachment"]] = children(same_tenant("Task.id", "TaskAttachment.task_id"), "task")
    activities: Mapped[list["TaskActivity"]] = children(same_tenant("Task.id", "TaskActivity.task_id"), "task")

    __table_args__ = (
        unique_in_tenant("task_number"),
        # a scheduler that runs twice creates a turn once
        Index(
            "uq_tasks_repeat_key",
            "tenant_id",
            "recurring_task_id",
            "repeat_key",
            unique=True,
            postgresql_where=text("repeat_key IS NOT NULL"),
        ),
        NewestFirst(),
        Index(None, "tenant_id", "project_id", "status", "position"),
        Index(None, "tenant_id", "assignee_id", "status"),
        Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
        Index("ix_tasks_due", "tenant_id", "due_date", postgresql_where=text("status NOT IN ('done', 'cancelled')")),
        CheckConstraint("parent_task_id <> id", name="parent_task_id"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint("start_date <= due_date", name="dates"),
        CheckConstraint("started_at <= completed_at", name="times"),
        CheckConstraint("estimated_hours >= 0 AND actual_hours >= 0", name="hours"),
        Trigger(
            "refuse_cycle",
            after="insert, update",
            of="parent_task_id",
            when="NEW.parent_task_id IS NOT NULL",
            execute=f"{REFUSE_CYCLE}('id', 'parent_task_id')",
        ),
    )


class DependencyType(StrEnum):
    """How tasks belong together."""

    BLOCKS = "blocks"
    RELATES_TO = "relates_to"
    DUPLICATES = "duplicates"


class TaskDependency(TenantScoped, Base):
    """Which task waits for which."""

    __tablename__ = "task_dependencies"

    task_id: Mapped[UUID] = reference("tasks", on_delete="cascade")
    depends_on_task_id: Mapped[UUID] = reference("tasks", on_delete="cascade")
    dependency_type: Mapped[DependencyType] = mapped_column(
        server_default=DependencyType.BLOCKS, comment="what the other task does to this one"
    )

    task: Mapped[Task] = parent(same_tenant("Task.id", "TaskDependency.task_id"), "waits_for")
    depends_on_task: Mapped[Task] = parent(same_tenant("Task.id", "TaskDependency.depends_on_task_id"), "waited_for_by")

    __table_args__ = (
        unique_in_tenant("task_id", "depends_on_task_id", "dependency_type"),
        CheckConstraint("task_id <> depends_on_task_id", name="another_task"),
    )
