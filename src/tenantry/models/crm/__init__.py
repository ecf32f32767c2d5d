"""Customer relations: who people are, what may become of them, and how they are won back."""

from tenantry.models.crm.people import (
    AddressType,
    ContactType,
    PersonalAddress,
    PersonalContact,
    PersonalJourney,
    PersonalKey,
    PersonalProfile,
)
from tenantry.models.crm.reengagement import (
    BatchStatus,
    ReengagedBatch,
    ReengagedBatchStats,
    ReengagedPerson,
    ReengagementStatus,
)
from tenantry.models.crm.sales import (
    Customer,
    Deal,
    DealStatus,
    Lead,
    LeadStatus,
    Potential,
    PotentialStatus,
    Priority,
)

__all__ = [
    "AddressType",
    "BatchStatus",
    "ContactType",
    "Customer",
    "Deal",
    "DealStatus",
    "Lead",
    "LeadStatus",
    "PersonalAddress",
    "PersonalContact",
    "PersonalJourney",
    "PersonalKey",
    "PersonalProfile",
    "Potential",
    "PotentialStatus",
    "Priority",
    "ReengagedBatch",
    "ReengagedBatchStats",
    "ReengagedPerson",
    "ReengagementStatus",
]
