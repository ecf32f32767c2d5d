"""Staff: departments, how people perform, and when they work."""

from tenantry.models.staff.departments import Department
from tenantry.models.staff.performance import (
    CriterionType,
    EvaluationStatus,
    PerformanceCriterion,
    PerformanceEvaluation,
    PerformanceScore,
)
from tenantry.models.staff.schedules import (
    LeaveType,
    Schedule,
    SchedulePreferences,
    ScheduleRevision,
    ScheduleRevisionDetail,
    ScheduleStatus,
    ShiftReport,
    ShiftReportStatus,
    TimeOffRequest,
    TimeOffStatus,
)

__all__ = [
    "CriterionType",
    "Department",
    "EvaluationStatus",
    "LeaveType",
    "PerformanceCriterion",
    "PerformanceEvaluation",
    "PerformanceScore",
    "Schedule",
    "SchedulePreferences",
    "ScheduleRevision",
    "ScheduleRevisionDetail",
    "ScheduleStatus",
    "ShiftReport",
    "ShiftReportStatus",
    "TimeOffRequest",
    "TimeOffStatus",
]
