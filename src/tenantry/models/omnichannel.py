"""Omnichannel: people on the tenant's pages, the conversations with them, and the messages of all platforms."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    BigInt,
    Count,
    JsonObject,
    NewestFirst,
    children,
    member,
    parent,
    reference,
    same_tenant,
)
from tenantry.models.traits import unique_where_given

if TYPE_CHECKING:
    from tenantry.models.channels import PlatformPage
    from tenantry.models.crm import PersonalKey
    from tenantry.models.identity import TenantUser


class ContactIntegration(StrEnum):
    """By what route messages of a contact come in."""

    PANCAKE = "pancake"
    META = "meta"
    DIRECT = "direct"
    CUSTOM = "custom"
    ZALO = "zalo"
    OTHER = "other"


class OmnichannelContact(TenantScoped, Base):
    """A person on a page of a platform."""

    __tablename__ = "omnichannel_contacts"

    personal_key_id: Mapped[UUID] = reference("crm_personal_keys", comment="who it is, across all pages and platforms")
    page_id: Mapped[UUID | None] = reference("channels_platform_pages", on_delete="set null")
    platform_user_id: Mapped[str | None] = mapped_column(comment="the person's id on the platform")
    external_customer_id: Mapped[str | None] = mapped_column(comment="the person's id at the integration")
    integration_via: Mapped[ContactIntegration | None]
    link: Mapped[str | None] = mapped_column(comment="to the person's profile")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    person: Mapped["PersonalKey"] = parent(same_tenant("PersonalKey.id", "OmnichannelContact.personal_key_id"))
    page: Mapped["PlatformPage | None"] = parent(same_tenant("PlatformPage.id", "OmnichannelContact.page_id"))
    conversations: Mapped[list["OmnichannelConversation"]] = children(
        same_tenant("OmnichannelContact.id", "OmnichannelConversation.contact_id"), "contact"
    )

    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "personal_key_id",
            "external_customer_id",
            "integration_via",
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "tenant_id", "platform_user_id"),
        NewestFirst(),
        Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
        CheckConstraint("link <> ''", name="link"),
    )


class OmnichannelConversationStatus(StrEnum):
    """Whether somebody still has to answer."""

    OPEN = "open"
    PENDING = "pending"
    CLOSED = "closed"


class OmnichannelConversation(TenantScoped, Base):
    """A conversation with a contact."""

    __tablename__ = "omnichannel_conversations"

    contact_id: Mapped[UUID | None] = reference("omnichannel_contacts", on_delete="set null")
    page_id: Mapped[UUID | None] = reference("channels_platform_pages", on_delete="set null")
    external_id: Mapped[str | None] = mapped_column(comment="its id on the platform")
    status: Mapped[OmnichannelConversationStatus] = mapped_column(server_default=OmnichannelConversationStatus.OPEN)
    subject: Mapped[str | None]
    assigned_to: Mapped[UUID | None] = member(on_delete="set null")
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    unread_count: Mapped[Count]
    last_message_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    contact: Mapped[OmnichannelContact | None] = parent(
        same_tenant("OmnichannelContact.id", "OmnichannelConversation.contact_id"), "conversations"
    )
    page: Mapped["PlatformPage | None"] = parent(same_tenant("PlatformPage.id", "OmnichannelConversation.page_id"))
    assignee: Mapped["TenantUser | None"] = parent(
        same_tenant("TenantUser.user_id", "OmnichannelConversation.assigned_to")
    )
    messages: Mapped[list["OmnichannelMessage"]] = children(
        same_tenant("OmnichannelConversation.id", "OmnichannelMessage.conversation_id"), "conversation"
    )

    __table_args__ = (
        unique_where_given("omnichannel_conversations", "page_id", "external_id"),
        NewestFirst("last_message_at"),
        Index(None, "tenant_id", "assigned_to", "status"),
        CheckConstraint("unread_count >= 0", name="unread_count"),
    )


class SenderType(StrEnum):
    """Who wrote a message: the person, the tenant, or nobody."""

    USER = "user"
    ADMIN = "admin"
    SYSTEM = "system"


class OmnichannelMessage(TenantScoped, Base):
    """A message, of whatever platform."""

    __tablename__ = "omnichannel_messages"

    conversation_id: Mapped[UUID] = reference("omnichannel_conversations", on_delete="cascade")
    page_id: Mapped[UUID | None] = reference("channels_platform_pages", on_delete="set null")
    contact_id: Mapped[UUID | None] = reference("omnichannel_contacts", on_delete="set null")
    admin_id: Mapped[UUID | None] = member(on_delete="set null", comment="the member who wrote it")
    external_id: Mapped[str | None] = mapped_column(comment="its id on the platform")
    sender_type: Mapped[SenderType]
    sender_name: Mapped[str | None] = mapped_column(comment="as the platform shows it")
    message: Mapped[str | None] = mapped_column(comment="empty where it is all attachments")
    sent_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="by the platform's clock")

    conversation: Mapped[OmnichannelConversation] = parent(
        same_tenant("OmnichannelConversation.id", "OmnichannelMessage.conversation_id"), "messages"
    )
    page: Mapped["PlatformPage | None"] = parent(same_tenant("PlatformPage.id", "OmnichannelMessage.page_id"))
    contact: Mapped[OmnichannelContact | None] = parent(
        same_tenant("OmnichannelContact.id", "OmnichannelMessage.contact_id")
    )
    admin: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "OmnichannelMessage.admin_id"))
    attachments: Mapped[list["OmnichannelMessageAttachment"]] = children(
        same_tenant("OmnichannelMessage.id", "OmnichannelMessageAttachment.message_id"), "message"
    )
    reactions: Mapped[list["OmnichannelMessageReaction"]] = children(
        same_tenant("OmnichannelMessage.id", "OmnichannelMessageReaction.message_id"), "message"
    )

    __table_args__ = (
        # a platform that delivers a message twice delivers it once
        unique_where_given("omnichannel_messages", "page_id", "external_id"),
        NewestFirst("sent_at", within=("tenant_id", "conversation_id")),
        NewestFirst(),
        CheckConstraint("message <> ''", name="message"),
        CheckConstraint("admin_id IS NULL OR sender_type = 'admin'", name="admin_id"),
    )


class MessageAttachmentType(StrEnum):
    """What an attachment is."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"
    STICKER = "sticker"
    LOCATION = "location"
    OTHER = "other"


class OmnichannelMessageAttachment(TenantScoped, Base):
    """An attachment of a message."""

    __tablename__ = "omnichannel_message_attachments"

    message_id: Mapped[UUID] = reference("omnichannel_messages", on_delete="cascade")
    type: Mapped[MessageAttachmentType] = mapped_column(server_default=MessageAttachmentType.FILE)
    url: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(comment="its id on the platform")
    file_name: Mapped[str | None]
    mime_type: Mapped[str | None]
    file_size: Mapped[BigInt | None] = mapped_column(comment="bytes")
    position: Mapped[Count]
    metadata_: Mapped[JsonObject] = mapped_column("metadata", comment="what the platform says about it")

    message: Mapped[OmnichannelMessage] = parent(
        same_tenant("OmnichannelMessage.id", "OmnichannelMessageAttachment.message_id"), "attachments"
    )

    __table_args__ = (CheckConstraint("file_size >= 0", name="file_size"),)


class OmnichannelMessageReaction(TenantScoped, Base):
    """A reaction to a message, of the contact or of a member."""

    __tablename__ = "omnichannel_message_reactions"

    message_id: Mapped[UUID] = reference("omnichannel_messages", on_delete="cascade")
    contact_id: Mapped[UUID | None] = reference("omnichannel_contacts", on_delete="cascade")
    admin_id: Mapped[UUID | None] = member(on_delete="cascade")
    reaction: Mapped[str] = mapped_column(comment="an emoji, or the platform's word for one")
    reacted_at: Mapped[datetime] = mapped_column(server_default=func.now())

    message: Mapped[OmnichannelMessage] = parent(
        same_tenant("OmnichannelMessage.id", "OmnichannelMessageReaction.message_id"), "reactions"
    )
    contact: Mapped[OmnichannelContact | None] = parent(
        same_tenant("OmnichannelContact.id", "OmnichannelMessageReaction.contact_id")
    )
    admin: Mapped["TenantUser | None"] = parent(
        same_tenant("TenantUser.user_id", "OmnichannelMessageReaction.admin_id")
    )

    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "message_id", "contact_id", "admin_id", "reaction", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("num_nonnulls(contact_id, admin_id) = 1", name="somebody"),
        CheckConstraint("reaction <> ''", name="reaction"),
    )
