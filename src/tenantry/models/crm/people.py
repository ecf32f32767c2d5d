"""People: one key for a person, however many addresses, contacts and platforms he is known under."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    JsonObject,
    NewestFirst,
    No,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)

if TYPE_CHECKING:
    from tenantry.models.crm.reengagement import ReengagedPerson
    from tenantry.models.crm.sales import Customer, Lead, Potential
    from tenantry.models.identity import TenantUser
    from tenantry.models.products import ProductReview


class PersonalKey(TenantScoped, Base):
    """The canonical identifier of a person outside the tenant, whom everything else in the CRM is about."""

    __tablename__ = "crm_personal_keys"

    external_key: Mapped[str] = mapped_column(comment="what the tenant's systems know the person by")

    contacts: Mapped[list["PersonalContact"]] = children(
        same_tenant("PersonalKey.id", "PersonalContact.personal_key_id"), "person"
    )
    addresses: Mapped[list["PersonalAddress"]] = children(
        same_tenant("PersonalKey.id", "PersonalAddress.personal_key_id"), "person"
    )
    profile: Mapped["PersonalProfile | None"] = children(
        same_tenant("PersonalKey.id", "PersonalProfile.personal_key_id"), "person", uselist=False
    )
    journey: Mapped[list["PersonalJourney"]] = children(
        same_tenant("PersonalKey.id", "PersonalJourney.personal_key_id"), "person"
    )
    leads: Mapped[list["Lead"]] = children(same_tenant("PersonalKey.id", "Lead.personal_key_id"), "person")
    customer: Mapped["Customer | None"] = children(
        same_tenant("PersonalKey.id", "Customer.personal_key_id"), "person", uselist=False
    )
    potentials: Mapped[list["Potential"]] = children(
        same_tenant("PersonalKey.id", "Potential.personal_key_id"), "person"
    )
    reengagements: Mapped[list["ReengagedPerson"]] = children(
        same_tenant("PersonalKey.id", "ReengagedPerson.personal_key_id"), "person"
    )
    reviews: Mapped[list["ProductReview"]] = children(
        same_tenant("PersonalKey.id", "ProductReview.personal_key_id"), "person"
    )

    __table_args__ = (
        unique_in_tenant("external_key"),
        NewestFirst(),
        CheckConstraint("external_key <> ''", name="external_key"),
    )


class ContactType(StrEnum):
    """What a contact is."""

    EMAIL = "email"
    PHONE = "phone"
    PLATFORM = "platform"
    OTHER = "other"


class PersonalContact(TenantScoped, Base):
    """A way to reach a person."""

    __tablename__ = "crm_personal_contacts"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", on_delete="cascade")
    lead_id: Mapped[UUID | None] = reference("crm_leads", on_delete="set null")
    original_lead_id: Mapped[UUID | None] = reference(
        "crm_leads", on_delete="set null", comment="the lead that first brought the contact"
    )
    contact_type: Mapped[ContactType]
    contact_value: Mapped[str | None]
    is_primary: Mapped[No]
    is_verified: Mapped[No]
    verified_at: Mapped[datetime | None]
    platform_name: Mapped[str | None]
    platform_user_id: Mapped[str | None] = mapped_column(comment="the person's id on the platform")
    platform_page_id: Mapped[str | None] = mapped_column(comment="the id, on the platform, of the page he wrote to")
    platform_profile_url: Mapped[str | None]

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "PersonalContact.personal_key_id"), "contacts")
    lead: Mapped["Lead | None"] = parent(same_tenant("Lead.id", "PersonalContact.lead_id"), "contacts")
    original_lead: Mapped["Lead | None"] = parent(same_tenant("Lead.id", "PersonalContact.original_lead_id"))

    __table_args__ = (
        Index(
            "uq_crm_personal_contacts_is_primary",
            "tenant_id",
            "personal_key_id",
            "contact_type",
            unique=True,
            postgresql_where=text("is_primary"),
        ),
        Index(None, "tenant_id", "contact_type", "contact_value"),
        Index(None, "tenant_id", "platform_name", "platform_user_id"),
        CheckConstraint("num_nonnulls(contact_value, platform_user_id) > 0", name="reachable"),
        CheckConstraint("verified_at IS NULL OR is_verified", name="verified_at"),
    )


class AddressType(StrEnum):
    """What an address is for."""

    PRIMARY = "primary"
    SHIPPING = "shipping"
    BILLING = "billing"
    OTHER = "other"


class PersonalAddress(TenantScoped, Base):
    """An address of a person."""

    __tablename__ = "crm_personal_addresses"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", on_delete="cascade")
    type: Mapped[AddressType] = mapped_column(server_default=AddressType.PRIMARY)
    address_line1: Mapped[str | None]
    address_line2: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    country: Mapped[str | None]
    postal_code: Mapped[str | None]
    is_default: Mapped[No]

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "PersonalAddress.personal_key_id"), "addresses")

    __table_args__ = (
        Index(
            "uq_crm_personal_addresses_is_default",
            "tenant_id",
            "personal_key_id",
            "type",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )


class PersonalProfile(TenantScoped, Base):
    """The profile of a person, with custom attributes."""

    __tablename__ = "crm_personal_profile"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", on_delete="cascade")
    display_name: Mapped[str | None]
    title: Mapped[str | None]
    birth_date: Mapped[date | None]
    five_element: Mapped[str | None] = mapped_column(comment="of wood, fire, earth, metal and water")
    intention: Mapped[str | None] = mapped_column(comment="what the person wants a piece for")
    custom_attributes: Mapped[JsonObject]
    notes: Mapped[str | None]

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "PersonalProfile.personal_key_id"), "profile")

    __table_args__ = (
        unique_in_tenant("personal_key_id"),
        Index(
            None,
            "custom_attributes",
            postgresql_using="gin",
            postgresql_ops={"custom_attributes": "jsonb_path_ops"},
        ),
    )


class PersonalJourney(TenantScoped, Base):
    """A point on the timeline of a person's contacts with the tenant."""

    __tablename__ = "crm_personal_journey"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", on_delete="cascade")
    stage: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    emotion: Mapped[str | None]
    next_action: Mapped[str | None]
    summary_text: Mapped[str | None]
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 4), comment="0 to 1")
    sentiment_score: Mapped[Decimal | None] = mapped_column(Numeric(5, 4), comment="-1 (bad) to 1 (good)")
    recorded_by: Mapped[UUID | None] = member(on_delete="set null")
    source: Mapped[str | None]

    person: Mapped[PersonalKey] = parent(same_tenant("PersonalKey.id", "PersonalJourney.personal_key_id"), "journey")
    recorder: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "PersonalJourney.recorded_by"))

    __table_args__ = (
        NewestFirst(within=("tenant_id", "personal_key_id")),
        CheckConstraint("confidence_score BETWEEN 0 AND 1", name="confidence_score"),
        CheckConstraint("sentiment_score BETWEEN -1 AND 1", name="sentiment_score"),
    )
