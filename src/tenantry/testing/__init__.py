"""For the test suite of an application: the fixtures come by themselves, with pytest; this is what a test imports.

from clinic.models import Base
from tenantry.testing import TenantIsolation


class TestIsolation(TenantIsolation):
metadata = Base.metadata
"""

from tenantry.testing.hints import HINTS, Hints
from tenantry.testing.isolation import TenantIsolation
from tenantry.testing.tenants import SampleTenant

__all__ = ["HINTS", "Hints", "SampleTenant", "TenantIsolation"]
