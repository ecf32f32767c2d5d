"""Tasks: projects, the work that is done in them, and who works on it together."""

from tenantry.models.tasks.collaboration import (
    TaskActivity,
    TaskAttachment,
    TaskComment,
    TaskCommentMention,
    TaskWatcher,
)
from tenantry.models.tasks.projects import (
    Milestone,
    MilestoneStatus,
    Project,
    ProjectFile,
    ProjectStatus,
    ProjectVisibility,
)
from tenantry.models.tasks.work import (
    DependencyType,
    Frequency,
    RecurringTask,
    RecurringTaskAssignee,
    Task,
    TaskDependency,
    TaskPriority,
    TaskStatus,
    TaskType,
)

__all__ = [
    "DependencyType",
    "Frequency",
    "Milestone",
    "MilestoneStatus",
    "Project",
    "ProjectFile",
    "ProjectStatus",
    "ProjectVisibility",
    "RecurringTask",
    "RecurringTaskAssignee",
    "Task",
    "TaskActivity",
    "TaskAttachment",
    "TaskComment",
    "TaskCommentMention",
    "TaskDependency",
    "TaskPriority",
    "TaskStatus",
    "TaskType",
    "TaskWatcher",
]
