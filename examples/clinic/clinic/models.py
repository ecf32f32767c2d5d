"""The animals of a practice, and their visits. A practice is a tenant, so nobody sees those of another."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from tenantry.ddl import Function, Grant, Policy, View
from tenantry.models import Base, NewestFirst, TenantConfigScoped, TenantScoped, reference, unique_in_tenant

__all__ = ["Animal", "Base", "Treatment", "Visit"]

APPLICATION = "tenantry_app"
IN_PRACTICE = "tenant_id = (SELECT get_current_tenant())"


class Animal(TenantScoped, Base):
    """An animal that is treated in the practice."""

    __tablename__ = "clinic_animals"

    name: Mapped[str]
    species: Mapped[str]
    born_on: Mapped[date | None]
    microchip: Mapped[str | None]

    __table_args__ = (unique_in_tenant("microchip"),)


class Treatment(TenantConfigScoped, Base):
    """What the practice offers, and at which price; its owners and admins decide."""

    __tablename__ = "clinic_treatments"

    name: Mapped[str]
    price: Mapped[Decimal]

    __table_args__ = (unique_in_tenant("name"), CheckConstraint("price >= 0", name="price_is_not_negative"))


class Visit(TenantScoped, Base):
    """A visit of an animal."""

    __tablename__ = "clinic_visits"

    animal_id: Mapped[UUID] = reference("clinic_animals", on_delete="cascade")
    treatment_id: Mapped[UUID | None] = reference("clinic_treatments", on_delete="set null")
    begins_at: Mapped[datetime]
    report: Mapped[str | None]

    __table_args__ = (
        NewestFirst("begins_at", within=("tenant_id", "animal_id")),
        Policy(
            "past_visits_stay",
            command="delete",
            restrictive=True,
            using=f"{IN_PRACTICE} AND begins_at > now()",
            comment="What happened is not deleted.",
        ),
    )


next_visit = Function(
    "clinic_next_visit",
    arguments="p_animal_id uuid",
    returns="timestamptz",
    volatility="stable",
    body="""
BEGIN ATOMIC
    SELECT min(begins_at) FROM clinic_visits WHERE animal_id = p_animal_id AND begins_at > now();
END
""",
    comment="When the animal comes next.",
    metadata=Base.metadata,
)
Grant("execute", to=APPLICATION, on=next_visit, metadata=Base.metadata)

agenda = View(
    "clinic_agenda",
    """
SELECT v.begins_at, a.name AS animal, a.species, t.name AS treatment
FROM clinic_visits v
JOIN clinic_animals a ON a.tenant_id = v.tenant_id AND a.id = v.animal_id
LEFT JOIN clinic_treatments t ON t.tenant_id = v.tenant_id AND t.id = v.treatment_id
WHERE v.begins_at > now()
""",
    comment="Who comes when.",
    metadata=Base.metadata,
)
Grant("select", to=APPLICATION, on=agenda, metadata=Base.metadata)
