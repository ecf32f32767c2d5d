"""A practice works with its own animals."""

from datetime import UTC, datetime, timedelta

import pytest
from clinic.models import Animal, Visit
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tenantry.testing import SampleTenant

TOMORROW = datetime.now(UTC) + timedelta(days=1)


def test_a_visit_is_on_the_agenda_of_its_practice(tenant: SampleTenant, other_tenant: SampleTenant) -> None:
    with tenant.begin() as session:
        animal = Animal(name="Minka", species="cat")
        session.add(animal)
        session.flush()
        session.add(Visit(animal_id=animal.id, begins_at=TOMORROW))
    with tenant.session() as session:
        assert session.scalars(select(Visit.begins_at)).all() == [TOMORROW]
    with other_tenant.session() as session:
        assert session.scalars(select(Visit)).all() == []


def test_a_viewer_changes_nothing(tenant: SampleTenant) -> None:
    with tenant.session(tenant.new_member("viewer")) as session:
        session.add(Animal(name="Bello", species="dog"))
        with pytest.raises(DBAPIError, match="row-level security"):
            session.flush()
