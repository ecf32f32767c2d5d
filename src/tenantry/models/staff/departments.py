"""Departments: how the tenant's staff is organised."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from tenantry.models.base import Base, TenantConfigScoped
from tenantry.models.columns import Yes, children, same_tenant, unique_in_tenant
from tenantry.models.traits import Authored

if TYPE_CHECKING:
    from tenantry.models.staff.performance import PerformanceCriterion


class Department(Authored, TenantConfigScoped, Base):
    """A department."""

    __tablename__ = "departments"

    code: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    is_active: Mapped[Yes]

    criteria: Mapped[list["PerformanceCriterion"]] = children(
        same_tenant("Department.id", "PerformanceCriterion.department_id"), "department"
    )

    __table_args__ = (
        unique_in_tenant("code"),
        CheckConstraint("code <> ''", name="code"),
        CheckConstraint("name <> ''", name="name"),
    )
