"""Collaboration on a task: who follows it, what is said about it, its files, and what happened."""

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import AppendOnly, Base, TenantScoped
from tenantry.models.columns import (
    BigInt,
    JsonObject,
    NewestFirst,
    No,
    children,
    downward,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
    upward,
)
from tenantry.models.tasks.work import Task
from tenantry.models.traits import CurrentNewestFirst, SoftDeleted

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class TaskWatcher(TenantScoped, Base):
    """Who follows a task."""

    __tablename__ = "task_watchers"

    task_id: Mapped[UUID] = reference("tasks", on_delete="cascade")
    staff_id: Mapped[UUID] = member(on_delete="cascade", server_default=func.get_current_user_id())

    task: Mapped[Task] = parent(same_tenant("Task.id", "TaskWatcher.task_id"), "watchers")
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "TaskWatcher.staff_id"))

    __table_args__ = (unique_in_tenant("task_id", "staff_id"),)


class TaskComment(SoftDeleted, TenantScoped, Base):
    """A comment on a task, or a reply to one."""

    __tablename__ = "task_comments"

    task_id: Mapped[UUID] = reference("tasks", on_delete="cascade")
    parent_comment_id: Mapped[UUID | None] = reference(
        "task_comments", on_delete="cascade", comment="the comment it replies to"
    )
    author_id: Mapped[UUID] = member(server_default=func.get_current_user_id())
    content: Mapped[str]
    is_internal: Mapped[No] = mapped_column(comment="never shown to customers")

    task: Mapped[Task] = parent(same_tenant("Task.id", "TaskComment.task_id"), "comments")
    author: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "TaskComment.author_id"))
    parent_comment: Mapped["TaskComment | None"] = parent(upward("TaskComment.parent_comment_id"), "replies")
    replies: Mapped[list["TaskComment"]] = children(downward("TaskComment.parent_comment_id"), "parent_comment")
    mentions: Mapped[list["TaskCommentMention"]] = children(
        same_tenant("TaskComment.id", "TaskCommentMention.comment_id"), "comment"
    )

    __table_args__ = (
        CurrentNewestFirst(),
        Index(None, "tenant_id", "task_id", "created_at"),
        CheckConstraint("parent_comment_id <> id", name="parent_comment_id"),
        CheckConstraint("content <> ''", name="content"),
    )


class TaskCommentMention(TenantScoped, Base):
    """Who a comment mentions."""

    __tablename__ = "task_comment_mentions"

    comment_id: Mapped[UUID] = reference("task_comments", on_delete="cascade")
    mentioned_staff_id: Mapped[UUID] = member(on_delete="cascade")

    comment: Mapped[TaskComment] = parent(same_tenant("TaskComment.id", "TaskCommentMention.comment_id"), "mentions")
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "TaskCommentMention.mentioned_staff_id"))

    __table_args__ = (unique_in_tenant("comment_id", "mentioned_staff_id"),)


class TaskAttachment(TenantScoped, Base):
    """A file of a task."""

    __tablename__ = "task_attachments"

    task_id: Mapped[UUID] = reference("tasks", on_delete="cascade")
    file_name: Mapped[str]
    file_path: Mapped[str]
    file_type: Mapped[str | None]
    file_size: Mapped[BigInt] = mapped_column(server_default="0", comment="bytes")
    uploaded_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())

    task: Mapped[Task] = parent(same_tenant("Task.id", "TaskAttachment.task_id"), "attachments")
    uploader: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "TaskAttachment.uploaded_by"))

    __table_args__ = (CheckConstraint("file_size >= 0", name="file_size"),)


class TaskActivity(AppendOnly, TenantScoped, Base):
    """Something that happened to a task, for good."""

    __tablename__ = "task_activities"

    task_id: Mapped[UUID] = reference("tasks")
    staff_id: Mapped[UUID | None] = member(
        server_default=func.get_current_user_id(), comment="who did it; empty is the system"
    )
    action_type: Mapped[str]
    field_name: Mapped[str | None] = mapped_column(comment="the column that changed")
    old_value: Mapped[str | None]
    new_value: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    task: Mapped[Task] = parent(same_tenant("Task.id", "TaskActivity.task_id"), "activities")
    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "TaskActivity.staff_id"))

    __table_args__ = (NewestFirst(within=("tenant_id", "task_id")),)
