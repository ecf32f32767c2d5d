"""No clinic reaches another's animals."""

from clinic.models import Base

from tenantry.testing import TenantIsolation


class TestIsolation(TenantIsolation):
    """Every table of ours."""

    metadata = Base.metadata
