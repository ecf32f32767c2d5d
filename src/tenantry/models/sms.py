"""SMS: accounts at providers and their numbers, the address book, and what is written back and forth."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Audited, Base, TenantAdminScoped, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    BigInt,
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
from tenantry.models.traits import unique_where_given

if TYPE_CHECKING:
    from tenantry.models.crm import Customer
    from tenantry.models.identity import TenantUser
    from tenantry.models.marketing import Campaign
    from tenantry.models.tasks import Project

_E164: Final = r"'^\+[1-9][0-9]{1,14}$'"


class SmsSenderAccount(Audited, TenantAdminScoped, Base):
    """An account at an SMS provider."""

    __tablename__ = "sms_sender_accounts"

    account_name: Mapped[str]
    provider: Mapped[str] = mapped_column(comment="twilio, for example")
    account_sid: Mapped[str | None] = mapped_column(comment="the account's id at the provider")
    auth_token_encrypted: Mapped[str | None] = mapped_column(comment="encrypted by the application")
    settings: Mapped[JsonObject]
    is_active: Mapped[Yes]

    phone_numbers: Mapped[list["SmsSenderPhoneNumber"]] = children(
        same_tenant("SmsSenderAccount.id", "SmsSenderPhoneNumber.account_id"), "account"
    )
    services: Mapped[list["SmsServiceAccount"]] = children(
        same_tenant("SmsSenderAccount.id", "SmsServiceAccount.sender_account_id"), "sender_account"
    )

    __table_args__ = (
        unique_where_given("sms_sender_accounts", "provider", "account_sid"),
        CheckConstraint("account_name <> ''", name="account_name"),
    )


class SmsSenderPhoneNumber(TenantConfigScoped, Base):
    """A number of an account."""

    __tablename__ = "sms_sender_phone_numbers"

    account_id: Mapped[UUID | None] = reference("sms_sender_accounts", on_delete="cascade")
    phone_number: Mapped[str] = mapped_column(comment="E.164")
    friendly_name: Mapped[str | None]
    is_primary: Mapped[No]
    is_active: Mapped[Yes]
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")

    account: Mapped[SmsSenderAccount | None] = parent(
        same_tenant("SmsSenderAccount.id", "SmsSenderPhoneNumber.account_id"), "phone_numbers"
    )
    assignee: Mapped["TenantUser | None"] = parent(
        same_tenant("TenantUser.user_id", "SmsSenderPhoneNumber.assigned_to")
    )

    __table_args__ = (
        unique_in_tenant("phone_number"),
        Index(
            "uq_sms_sender_phone_numbers_is_primary",
            "tenant_id",
            "account_id",
            unique=True,
            postgresql_where=text("is_primary"),
        ),
        CheckConstraint(f"phone_number ~ {_E164}", name="phone_number"),
    )


class SmsServiceType(StrEnum):
    """What a messaging service is for."""

    CAMPAIGN = "campaign"
    CONVERSATION = "conversation"
    SUPPORT = "support"
    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"


class SmsServiceAccount(TenantConfigScoped, Base):
    """A messaging service, linked to a campaign or project."""

    __tablename__ = "sms_service_accounts"

    sender_account_id: Mapped[UUID | None] = reference("sms_sender_accounts", on_delete="cascade")
    service_name: Mapped[str]
    service_type: Mapped[SmsServiceType | None]
    provider_service_sid: Mapped[str | None] = mapped_column(comment="the service's id at the provider")
    description: Mapped[str | None]
    settings: Mapped[JsonObject]
    is_active: Mapped[Yes]
    linked_campaign_id: Mapped[UUID | None] = reference("mkt_campaigns", on_delete="set null")
    linked_project_id: Mapped[UUID | None] = reference("projects", on_delete="set null")

    sender_account: Mapped[SmsSenderAccount | None] = parent(
        same_tenant("SmsSenderAccount.id", "SmsServiceAccount.sender_account_id"), "services"
    )
    linked_campaign: Mapped["Campaign | None"] = parent(
        same_tenant("Campaign.id", "SmsServiceAccount.linked_campaign_id")
    )
    linked_project: Mapped["Project | None"] = parent(same_tenant("Project.id", "SmsServiceAccount.linked_project_id"))

    __table_args__ = (
        unique_where_given("sms_service_accounts", "provider_service_sid"),
        CheckConstraint("service_name <> ''", name="service_name"),
    )


class SmsContact(TenantScoped, Base):
    """An entry of the address book."""

    __tablename__ = "sms_contacts"

    name: Mapped[str | None]
    phone: Mapped[str | None] = mapped_column(comment="E.164")
    country_code: Mapped[str | None]
    area_code: Mapped[str | None]
    timezone: Mapped[str | None] = mapped_column(comment="IANA name")
    customer_id: Mapped[UUID | None] = reference("crm_customers", on_delete="set null")
    assigned_phone_number_id: Mapped[UUID | None] = reference(
        "sms_sender_phone_numbers", on_delete="set null", comment="the number that writes to this contact"
    )
    last_contacted_at: Mapped[datetime | None]

    customer: Mapped["Customer | None"] = parent(same_tenant("Customer.id", "SmsContact.customer_id"))
    assigned_phone_number: Mapped[SmsSenderPhoneNumber | None] = parent(
        same_tenant("SmsSenderPhoneNumber.id", "SmsContact.assigned_phone_number_id")
    )
    conversations: Mapped[list["SmsConversation"]] = children(
        same_tenant("SmsContact.id", "SmsConversation.contact_id"), "contact"
    )

    __table_args__ = (
        Index(None, "tenant_id", "phone"),
        NewestFirst(),
        CheckConstraint(f"phone ~ {_E164}", name="phone"),
        CheckConstraint("num_nonnulls(name, phone) > 0", name="somebody"),
    )


class SmsConversationState(StrEnum):
    """Whether somebody still has to answer."""

    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"


class SmsConversationPriority(StrEnum):
    """Who is answered first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class SmsConversation(TenantScoped, Base):
    """A conversation, its figures, and what a model makes of it."""

    __tablename__ = "sms_conversations"

    external_id: Mapped[str | None] = mapped_column(comment="its id at the provider")
    contact_id: Mapped[UUID | None] = reference("sms_contacts", on_delete="set null")
    customer_id: Mapped[UUID | None] = reference("crm_customers", on_delete="set null")
    assigned_staff_id: Mapped[UUID | None] = member(on_delete="set null")
    status: Mapped[str] = mapped_column(server_default="active", comment="as the tenant calls it; state is what counts")
    state: Mapped[SmsConversationState] = mapped_column(server_default=SmsConversationState.OPEN)
    priority: Mapped[SmsConversationPriority] = mapped_column(server_default=SmsConversationPriority.MEDIUM)
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    conversation_start: Mapped[datetime | None]
    conversation_end: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    message_count: Mapped[Count]
    unread_count: Mapped[Count]

    journey_stage: Mapped[str | None] = mapped_column(comment="as the tenant calls it")
    emotion: Mapped[str | None]
    next_action: Mapped[str | None]
    reply_quality: Mapped[str | None]
    summary_text: Mapped[str | None]
    key_points: Mapped[list[str]] = mapped_column(server_default="{}")
    sentiment_score: Mapped[Decimal | None] = mapped_column(Numeric(3, 2), comment="-1 (bad) to 1 (good)")
    confidence_score: Mapped[Decimal | None] = mapped_column(Numeric(3, 2), comment="0 to 1")
    ai_model: Mapped[str | None]
    summary_updated_at: Mapped[datetime | None]

    contact: Mapped[SmsContact | None] = parent(
        same_tenant("SmsContact.id", "SmsConversation.contact_id"), "conversations"
    )
    customer: Mapped["Customer | None"] = parent(same_tenant("Customer.id", "SmsConversation.customer_id"))
    assigned_staff: Mapped["TenantUser | None"] = parent(
        same_tenant("TenantUser.user_id", "SmsConversation.assigned_staff_id")
    )
    messages: Mapped[list["SmsMessage"]] = children(
        same_tenant("SmsConversation.id", "SmsMessage.conversation_id"), "conversation"
    )

    __table_args__ = (
        unique_in_tenant("external_id"),
        NewestFirst("last_message_at"),
        Index(None, "tenant_id", "assigned_staff_id", "state"),
        CheckConstraint("conversation_start <= conversation_end", name="times"),
        CheckConstraint("message_count >= 0 AND unread_count >= 0", name="figures"),
        CheckConstraint("sentiment_score BETWEEN -1 AND 1", name="sentiment_score"),
        CheckConstraint("confidence_score BETWEEN 0 AND 1", name="confidence_score"),
    )


class SmsDirection(StrEnum):
    """Whether a message came in or went out."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class SmsMessageStatus(StrEnum):
    """How far a message has come, in the words of providers."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    RECEIVED = "received"
    READ = "read"
    CANCELLED = "cancelled"


class SmsMessage(TenantScoped, Base):
    """A message sent or received."""

    __tablename__ = "sms_messages"

    conversation_id: Mapped[UUID | None] = reference("sms_conversations", on_delete="cascade")
    direction: Mapped[SmsDirection]
    status: Mapped[SmsMessageStatus] = mapped_column(server_default=SmsMessageStatus.QUEUED)
    message_type: Mapped[str] = mapped_column(server_default="sms", comment="sms, mms, or as the provider calls it")
    from_number: Mapped[str] = mapped_column(comment="E.164, a short code, or a sender's name")
    to_number: Mapped[str] = mapped_column(comment="E.164 or a short code")
    body: Mapped[str | None]
    media_count: Mapped[Count]
    sender_phone_number_id: Mapped[UUID | None] = reference(
        "sms_sender_phone_numbers", on_delete="set null", comment="the tenant's number, at either end"
    )
    service_account_id: Mapped[UUID | None] = reference("sms_service_accounts", on_delete="set null")
    sent_by: Mapped[UUID | None] = member(on_delete="set null", comment="the member who wrote it")
    provider: Mapped[str | None]
    provider_message_sid: Mapped[str | None] = mapped_column(comment="the message's id at the provider")
    provider_error_code: Mapped[str | None]
    provider_payload: Mapped[dict[str, Any] | None] = mapped_column(comment="what the provider reported last")
    received_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    conversation: Mapped[SmsConversation | None] = parent(
        same_tenant("SmsConversation.id", "SmsMessage.conversation_id"), "messages"
    )
    sender_phone_number: Mapped[SmsSenderPhoneNumber | None] = parent(
        same_tenant("SmsSenderPhoneNumber.id", "SmsMessage.sender_phone_number_id")
    )
    service_account: Mapped[SmsServiceAccount | None] = parent(
        same_tenant("SmsServiceAccount.id", "SmsMessage.service_account_id")
    )
    sender: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "SmsMessage.sent_by"))
    attachments: Mapped[list["SmsAttachment"]] = children(
        same_tenant("SmsMessage.id", "SmsAttachment.message_id"), "message"
    )
    reactions: Mapped[list["SmsReaction"]] = children(same_tenant("SmsMessage.id", "SmsReaction.message_id"), "message")

    __table_args__ = (
        # a provider that reports a message twice reports it once
        unique_where_given("sms_messages", "provider", "provider_message_sid"),
        NewestFirst(),
        NewestFirst(within=("tenant_id", "conversation_id")),
        Index(None, "tenant_id", "from_number"),
        Index(None, "tenant_id", "to_number"),
        CheckConstraint("media_count >= 0", name="media_count"),
    )


class SmsAttachment(TenantScoped, Base):
    """An attachment of a message."""

    __tablename__ = "sms_attachments"

    message_id: Mapped[UUID] = reference("sms_messages", on_delete="cascade")
    file_url: Mapped[str | None]
    file_name: Mapped[str | None]
    file_type: Mapped[str | None]
    file_size: Mapped[BigInt | None] = mapped_column(comment="bytes")
    mime_type: Mapped[str | None]
    provider_media_sid: Mapped[str | None] = mapped_column(comment="the file's id at the provider")

    message: Mapped[SmsMessage] = parent(same_tenant("SmsMessage.id", "SmsAttachment.message_id"), "attachments")

    __table_args__ = (CheckConstraint("file_size >= 0", name="file_size"),)


class SmsReaction(TenantScoped, Base):
    """A reaction to a message."""

    __tablename__ = "sms_reactions"

    message_id: Mapped[UUID] = reference("sms_messages", on_delete="cascade")
    reaction_type: Mapped[str]
    reaction_value: Mapped[str | None]
    reacted_by: Mapped[str | None] = mapped_column(comment="a number, or the name of a member")

    message: Mapped[SmsMessage] = parent(same_tenant("SmsMessage.id", "SmsReaction.message_id"), "reactions")
