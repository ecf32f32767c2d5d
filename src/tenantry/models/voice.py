"""Voice: what was said, as text, and conversations with voice agents."""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    BigInt,
    Count,
    JsonList,
    JsonObject,
    NewestFirst,
    Tokens,
    member,
    parent,
    same_tenant,
)

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class TranscriptionStatus(StrEnum):
    """How far a transcription has come."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class VoiceTranscription(TenantScoped, Base):
    """A recording as text: as heard, cleaned of fillers, and normalised."""

    __tablename__ = "voice_transcriptions"

    user_id: Mapped[UUID | None] = member(on_delete="set null", comment="the member who asked for it")
    filename: Mapped[str | None]
    file_size_bytes: Mapped[BigInt | None]
    duration_seconds: Mapped[Decimal | None] = mapped_column(Numeric(12, 3))
    audio_format: Mapped[str | None]
    text_raw: Mapped[str | None]
    text_cleaned: Mapped[str | None]
    text_normalized: Mapped[str | None]
    language: Mapped[str | None] = mapped_column(comment="ISO 639-1")
    language_confidence: Mapped[Decimal | None] = mapped_column(Numeric(5, 4), comment="0 to 1")
    dialect: Mapped[str | None]
    used_model: Mapped[str | None]
    used_backend: Mapped[str | None]
    confidence: Mapped[Decimal | None] = mapped_column(Numeric(5, 4), comment="of the text, 0 to 1")
    word_count: Mapped[int | None]
    processing_time_ms: Mapped[int | None]
    status: Mapped[TranscriptionStatus] = mapped_column(server_default=TranscriptionStatus.COMPLETED)
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "VoiceTranscription.user_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "status")),
        Index(None, "metadata", postgresql_using="gin"),
        CheckConstraint("language_confidence BETWEEN 0 AND 1 AND confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint("file_size_bytes >= 0 AND duration_seconds >= 0", name="size"),
        CheckConstraint("word_count >= 0 AND processing_time_ms >= 0", name="figures"),
    )


class ConversationStatus(StrEnum):
    """Where a conversation is shown."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"


class VoiceConversation(TenantScoped, Base):
    """A conversation with a voice agent."""

    __tablename__ = "voice_conversations"

    user_id: Mapped[UUID | None] = member(on_delete="set null", comment="the member who had it")
    title: Mapped[str | None]
    context: Mapped[str | None] = mapped_column(comment="what it is about, for the agent")
    messages: Mapped[JsonList]
    message_count: Mapped[Count]
    total_audio_seconds: Mapped[Decimal] = mapped_column(Numeric(12, 3), server_default="0")
    total_tokens: Mapped[Tokens]
    status: Mapped[ConversationStatus] = mapped_column(server_default=ConversationStatus.ACTIVE)
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "VoiceConversation.user_id"))

    __table_args__ = (
        NewestFirst(),
        Index(
            "ix_voice_conversations_current",
            "tenant_id",
            text("updated_at DESC"),
            postgresql_where=text("status <> 'deleted'"),
        ),
        Index(None, "metadata", postgresql_using="gin"),
        CheckConstraint("message_count >= 0 AND total_audio_seconds >= 0 AND total_tokens >= 0", name="totals"),
    )
