"""What a treatment costs, and who decided it."""

from decimal import Decimal

from clinic.models import Treatment
from sqlalchemy import select

from tenantry.models import AuditLog
from tenantry.testing import SampleTenant


def test_a_change_of_price_is_on_record(tenant: SampleTenant, other_tenant: SampleTenant) -> None:
    with tenant.begin() as session:
        treatment = Treatment(name="Vaccination", price=Decimal(40))
        session.add(treatment)
        session.flush()
        treatment.price = Decimal(45)
    changes = select(AuditLog.operation, AuditLog.details).where(AuditLog.resource_type == "clinic_treatments")
    with tenant.session() as session:
        inserted, updated = session.execute(changes.order_by(AuditLog.entry_number))
        assert inserted.details["new"]["name"] == "Vaccination"
        assert updated == ("update", {"old": {"price": 40}, "new": {"price": 45}})
    with other_tenant.session() as session:
        assert session.execute(changes).all() == []
