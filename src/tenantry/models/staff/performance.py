"""Performance: what staff are rated on, the evaluations of each person, and the scores in them."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models import scopes
from tenantry.models.base import Base, TenantAdminScoped, TenantConfigScoped, TenantUserScoped
from tenantry.models.columns import (
    NewestFirst,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.routines import function
from tenantry.models.scopes import Scope
from tenantry.models.staff.departments import Department
from tenantry.models.traits import Authored, Created, Percent

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser

Score = Numeric(5, 2)

function(
    "enforce_maximum_score",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: a score is not above its criterion's maximum.",
)
function(
    "enforce_given_scores",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: a criterion's maximum is not lowered below a score given on it.",
)


class CriterionType(StrEnum):
    """Whether a criterion is counted or judged."""

    QUANTITATIVE = "quantitative"
    QUALITATIVE = "qualitative"


class PerformanceCriterion(Authored, TenantConfigScoped, Base):
    """Something that staff are rated on, in a department or everywhere."""

    __tablename__ = "performance_criteria"

    name: Mapped[str]
    description: Mapped[str | None]
    department_id: Mapped[UUID | None] = reference("departments", comment="empty: every department")
    type: Mapped[CriterionType] = mapped_column(server_default=CriterionType.QUANTITATIVE)
    weight: Mapped[Percent] = mapped_column(server_default="0", comment="its share of the overall score, in percent")
    max_score: Mapped[Decimal] = mapped_column(Score, server_default="100")
    is_active: Mapped[Yes]

    department: Mapped[Department | None] = parent(
        same_tenant("Department.id", "PerformanceCriterion.department_id"), "criteria"
    )
    scores: Mapped[list["PerformanceScore"]] = children(
        same_tenant("PerformanceCriterion.id", "PerformanceScore.criteria_id"), "criterion"
    )

    __table_args__ = (
        UniqueConstraint("tenant_id", "name", "department_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("weight BETWEEN 0 AND 100", name="weight"),
        CheckConstraint("max_score > 0", name="max_score"),
        Trigger(
            "enforce_given_scores",
            after="update",
            of="max_score",
            when="NEW.max_score < OLD.max_score",
            execute="enforce_given_scores()",
        ),
    )


class EvaluationStatus(StrEnum):
    """How far an evaluation has come."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


#: the person evaluated reads what is written about him, and does not write it
_EVALUATION: Final = replace(scopes.TENANT_USER, write=scopes.TENANT_ADMIN.write)


class PerformanceEvaluation(Created, TenantUserScoped, Base):
    """The evaluation of a person in a period; the person reads it, owners and admins write it."""

    __tablename__ = "performance_evaluations"
    __scope__: ClassVar[Scope | None] = _EVALUATION

    evaluator_id: Mapped[UUID] = member(server_default=func.get_current_user_id())
    period_start: Mapped[dt.date]
    period_end: Mapped[dt.date]
    overall_score: Mapped[Decimal | None] = mapped_column(Score, comment="0 to 100")
    status: Mapped[EvaluationStatus] = mapped_column(server_default=EvaluationStatus.DRAFT)
    notes: Mapped[str | None]
    submitted_at: Mapped[dt.datetime | None]
    approved_by: Mapped[UUID | None] = member()
    approved_at: Mapped[dt.datetime | None]
    rejected_by: Mapped[UUID | None] = member()
    rejected_at: Mapped[dt.datetime | None]
    rejection_reason: Mapped[str | None]

    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "PerformanceEvaluation.user_id"))
    evaluator: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "PerformanceEvaluation.evaluator_id"))
    scores: Mapped[list["PerformanceScore"]] = children(
        same_tenant("PerformanceEvaluation.id", "PerformanceScore.evaluation_id"), "evaluation"
    )

    __table_args__ = (
        unique_in_tenant("user_id", "period_start", "period_end"),
        NewestFirst("period_start"),
        Index(None, "tenant_id", "status"),
        CheckConstraint("period_start <= period_end", name="period"),
        CheckConstraint("overall_score BETWEEN 0 AND 100", name="overall_score"),
        CheckConstraint("status <> 'approved' OR approved_by IS NOT NULL", name="approved_by"),
        CheckConstraint("status <> 'rejected' OR rejected_by IS NOT NULL", name="rejected_by"),
        CheckConstraint("submitted_at <= approved_at", name="approved_at"),
        CheckConstraint("submitted_at <= rejected_at", name="rejected_at"),
    )


class PerformanceScore(TenantAdminScoped, Base):
    """The score on one criterion of an evaluation, never above the criterion's maximum."""

    __tablename__ = "performance_scores"

    evaluation_id: Mapped[UUID] = reference("performance_evaluations", on_delete="cascade")
    criteria_id: Mapped[UUID] = reference("performance_criteria")
    score: Mapped[Decimal] = mapped_column(Score)
    comments: Mapped[str | None]

    evaluation: Mapped[PerformanceEvaluation] = parent(
        same_tenant("PerformanceEvaluation.id", "PerformanceScore.evaluation_id"), "scores"
    )
    criterion: Mapped[PerformanceCriterion] = parent(
        same_tenant("PerformanceCriterion.id", "PerformanceScore.criteria_id"), "scores"
    )

    __table_args__ = (
        unique_in_tenant("evaluation_id", "criteria_id"),
        CheckConstraint("score >= 0", name="score"),
        Trigger(
            "enforce_maximum_score",
            before="insert, update",
            of="score, criteria_id",
            execute="enforce_maximum_score()",
        ),
    )
