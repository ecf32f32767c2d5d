"""Schedules: shifts that never overlap, when people want to work, time off, and what is reported afterwards."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Extension, Trigger
from tenantry.models.base import Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    Count,
    JsonObject,
    NewestFirst,
    No,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.routines import function
from tenantry.models.staff.departments import Department
from tenantry.models.traits import Authored

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser

# lets an exclusion constraint compare ids beside ranges
Extension("btree_gist", metadata=Base.metadata)
function(
    "queue_shifts",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: shifts of a tenant that exclude others are confirmed by one transaction at a time.",
)

_COUNTS = "status IN ('confirmed', 'completed')"


class LeaveType(Authored, TenantConfigScoped, Base):
    """A kind of leave."""

    __tablename__ = "leave_types"

    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    requires_approval: Mapped[Yes]
    is_paid: Mapped[No]
    is_active: Mapped[Yes]

    __table_args__ = (
        unique_in_tenant("code"),
        CheckConstraint("code <> ''", name="code"),
        CheckConstraint("name <> ''", name="name"),
    )


class ShiftReportStatus(StrEnum):
    """How far a report has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    REVIEWED = "reviewed"


class ShiftReport(TenantScoped, Base):
    """The report at the end of a shift, for all who worked in it."""

    __tablename__ = "shift_reports"

    department_id: Mapped[UUID | None] = reference("departments")
    shift_name: Mapped[str]
    start_time: Mapped[dt.datetime]
    end_time: Mapped[dt.datetime]
    reported_by: Mapped[UUID] = member(server_default=func.get_current_user_id())
    status: Mapped[ShiftReportStatus] = mapped_column(server_default=ShiftReportStatus.DRAFT)
    summary: Mapped[str | None]
    issues: Mapped[str | None]
    handover_notes: Mapped[str | None] = mapped_column(comment="what the next shift has to know")
    figures: Mapped[JsonObject] = mapped_column(comment="what the tenant counts in a shift: orders, sales, cash")
    submitted_at: Mapped[dt.datetime | None]
    reviewed_by: Mapped[UUID | None] = member(on_delete="set null")
    reviewed_at: Mapped[dt.datetime | None]

    department: Mapped[Department | None] = parent(same_tenant("Department.id", "ShiftReport.department_id"))
    reporter: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "ShiftReport.reported_by"))
    shifts: Mapped[list["Schedule"]] = children(same_tenant("ShiftReport.id", "Schedule.shift_report_id"), "report")

    __table_args__ = (
        NewestFirst("start_time"),
        CheckConstraint("start_time < end_time", name="times"),
        CheckConstraint("status = 'draft' OR submitted_at IS NOT NULL", name="submitted_at"),
        CheckConstraint("submitted_at <= reviewed_at", name="reviewed_at"),
    )


class ScheduleStatus(StrEnum):
    """How far a shift has come. Only those that are confirmed or completed exclude others of the same person."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    FAILED = "failed"


class Schedule(TenantScoped, Base):
    """A shift of a person, or his leave; confirmed and completed ones of one person never overlap."""

    __tablename__ = "schedules"

    staff_id: Mapped[UUID] = member()
    start_time: Mapped[dt.datetime]
    end_time: Mapped[dt.datetime] = mapped_column(comment="the first instant after it: another may begin there")
    shift_name: Mapped[str | None]
    total_minutes: Mapped[Count] = mapped_column(comment="what is paid, without breaks")
    status: Mapped[ScheduleStatus] = mapped_column(server_default=ScheduleStatus.DRAFT)
    is_leader_shift: Mapped[No] = mapped_column(comment="the person leads it")
    leave_type_id: Mapped[UUID | None] = reference("leave_types", comment="given: the person is away")
    reason: Mapped[str | None]
    is_authorized: Mapped[No]
    authorized_by: Mapped[UUID | None] = member(on_delete="set null")
    authorized_at: Mapped[dt.datetime | None]
    shift_report_id: Mapped[UUID | None] = reference("shift_reports", on_delete="set null")
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "Schedule.staff_id"))
    leave_type: Mapped[LeaveType | None] = parent(same_tenant("LeaveType.id", "Schedule.leave_type_id"))
    report: Mapped[ShiftReport | None] = parent(same_tenant("ShiftReport.id", "Schedule.shift_report_id"), "shifts")
    revisions: Mapped[list["ScheduleRevisionDetail"]] = children(
        same_tenant("Schedule.id", "ScheduleRevisionDetail.schedule_id"), "schedule"
    )

    __table_args__ = (
        ExcludeConstraint(
            ("tenant_id", "="),
            ("staff_id", "="),
            (text("tstzrange(start_time, end_time)"), "&&"),
            name="ex_schedules_no_overlap",
            using="gist",
            where=text(_COUNTS),
        ),
        Index(None, "tenant_id", "staff_id", "start_time"),
        Index(None, "tenant_id", "start_time"),
        CheckConstraint("start_time < end_time", name="times"),
        CheckConstraint("total_minutes >= 0", name="total_minutes"),
        Trigger(
            "queue_shifts",
            before="insert, update",
            of="staff_id, start_time, end_time, status",
            when=f"NEW.{_COUNTS}",
            execute="queue_shifts()",
        ),
    )


class SchedulePreferences(TenantScoped, Base):
    """When a person wants to work in a week."""

    __tablename__ = "schedule_preferences"

    staff_id: Mapped[UUID] = member(on_delete="cascade", server_default=func.get_current_user_id())
    year: Mapped[int] = mapped_column(comment="ISO 8601 year of the week")
    week_number: Mapped[int] = mapped_column(comment="ISO 8601")
    preferences: Mapped[JsonObject]

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "SchedulePreferences.staff_id"))

    __table_args__ = (
        unique_in_tenant("staff_id", "year", "week_number"),
        CheckConstraint("week_number BETWEEN 1 AND 53", name="week_number"),
    )


class ScheduleRevision(TenantConfigScoped, Base):
    """A published change of the schedule."""

    __tablename__ = "schedule_revisions"

    revision_type: Mapped[str] = mapped_column(comment="as the tenant calls it")
    start_date: Mapped[dt.date | None]
    end_date: Mapped[dt.date | None]
    description: Mapped[str | None]
    updated_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())

    publisher: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "ScheduleRevision.updated_by"))
    details: Mapped[list["ScheduleRevisionDetail"]] = children(
        same_tenant("ScheduleRevision.id", "ScheduleRevisionDetail.revision_id"), "revision"
    )

    __table_args__ = (NewestFirst(), CheckConstraint("start_date <= end_date", name="dates"))


class ScheduleRevisionDetail(TenantConfigScoped, Base):
    """A line of a revision: a shift as it was published."""

    __tablename__ = "schedule_revision_details"

    revision_id: Mapped[UUID] = reference("schedule_revisions", on_delete="cascade")
    schedule_id: Mapped[UUID | None] = reference(
        "schedules", on_delete="set null", comment="the shift, as long as there is one"
    )
    staff_id: Mapped[UUID] = member()
    start_time: Mapped[dt.datetime]
    end_time: Mapped[dt.datetime]
    shift_name: Mapped[str | None]
    total_minutes: Mapped[Count]
    leave_type_id: Mapped[UUID | None] = reference("leave_types")
    is_authorized: Mapped[No]
    reason: Mapped[str | None]
    is_confirmed: Mapped[Yes]
    is_leader_shift: Mapped[No]
    shift_report_id: Mapped[UUID | None] = reference("shift_reports", on_delete="set null")

    revision: Mapped[ScheduleRevision] = parent(
        same_tenant("ScheduleRevision.id", "ScheduleRevisionDetail.revision_id"), "details"
    )
    schedule: Mapped[Schedule | None] = parent(
        same_tenant("Schedule.id", "ScheduleRevisionDetail.schedule_id"), "revisions"
    )
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "ScheduleRevisionDetail.staff_id"))

    __table_args__ = (
        CheckConstraint("start_time < end_time", name="times"),
        CheckConstraint("total_minutes >= 0", name="total_minutes"),
    )


class TimeOffStatus(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class TimeOffRequest(TenantScoped, Base):
    """A request for time off."""

    __tablename__ = "schedule_time_off_requests"

    staff_id: Mapped[UUID] = member(server_default=func.get_current_user_id())
    leave_type_id: Mapped[UUID | None] = reference("leave_types")
    schedule_id: Mapped[UUID | None] = reference("schedules", on_delete="set null", comment="the shift it is about")
    team: Mapped[str | None]
    day_off: Mapped[dt.date]
    reason: Mapped[str | None]
    email_body: Mapped[str | None]
    status: Mapped[TimeOffStatus] = mapped_column(server_default=TimeOffStatus.PENDING)
    hr_comment: Mapped[str | None]
    confirmed_by: Mapped[UUID | None] = member(on_delete="set null")
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(comment="when it was approved or rejected")

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "TimeOffRequest.staff_id"))
    leave_type: Mapped[LeaveType | None] = parent(same_tenant("LeaveType.id", "TimeOffRequest.leave_type_id"))
    schedule: Mapped[Schedule | None] = parent(same_tenant("Schedule.id", "TimeOffRequest.schedule_id"))

    __table_args__ = (
        NewestFirst("day_off"),
        Index(None, "tenant_id", "staff_id", "day_off"),
        Index(
            "ix_schedule_time_off_requests_pending", "tenant_id", "day_off", postgresql_where=text("status = 'pending'")
        ),
    )
