"""Models: who provides them, what they can do and cost, a tenant's own access to them, and every call."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Rows
from tenantry.models.base import Audited, Base, CatalogScoped, TenantAdminScoped, TenantUserScoped
from tenantry.models.columns import (
    Count,
    JsonList,
    JsonObject,
    NewestFirst,
    Tokens,
    Yes,
    children,
    parent,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.workflows import ExecutionStatus

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser


class ProviderType(StrEnum):
    """Whose programming interface a provider has."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    CUSTOM = "custom"


class AiProvider(CatalogScoped, Base):
    """A provider of models."""

    __tablename__ = "ai_providers"

    name: Mapped[str] = mapped_column(unique=True)
    provider_type: Mapped[ProviderType]
    base_url: Mapped[str | None]
    is_active: Mapped[Yes]
    priority: Mapped[Count] = mapped_column(comment="which one is taken where several have a model, highest first")
    settings: Mapped[JsonObject]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    models: Mapped[list["AiModel"]] = children("AiProvider.id == foreign(AiModel.provider_id)", "provider")


class AiModel(CatalogScoped, Base):
    """A model, its limits and its prices."""

    __tablename__ = "ai_models"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("ai_providers.id", ondelete="CASCADE"))
    name: Mapped[str]
    model_id: Mapped[str] = mapped_column(comment="what the provider calls it")
    context_window: Mapped[int | None] = mapped_column(comment="tokens")
    max_tokens: Mapped[int | None] = mapped_column(comment="most that it answers with")
    input_cost_per_1k: Mapped[Decimal | None] = mapped_column(Numeric(10, 6), comment="USD")
    output_cost_per_1k: Mapped[Decimal | None] = mapped_column(Numeric(10, 6), comment="USD")
    capabilities: Mapped[JsonList]
    is_active: Mapped[Yes]

    provider: Mapped[AiProvider] = parent("AiProvider.id == foreign(AiModel.provider_id)", "models")

    __table_args__ = (
        UniqueConstraint("provider_id", "model_id"),
        Index(None, "capabilities", postgresql_using="gin"),
        CheckConstraint("context_window > 0 AND max_tokens > 0", name="limits"),
        CheckConstraint("input_cost_per_1k >= 0 AND output_cost_per_1k >= 0", name="costs"),
    )


class TenantAiProvider(Audited, TenantAdminScoped, Base):
    """A tenant's own credentials, limits and priority for a provider."""

    __tablename__ = "tenant_ai_providers"

    provider_id: Mapped[UUID] = mapped_column(ForeignKey("ai_providers.id"), index=True)
    name: Mapped[str] = mapped_column(comment="tells several accounts at one provider apart")
    api_key_encrypted: Mapped[str | None] = mapped_column(
        deferred=True, comment="encrypted by the application; empty takes the platform's"
    )
    base_url: Mapped[str | None] = mapped_column(comment="instead of the provider's")
    models: Mapped[JsonList] = mapped_column(comment="model_ids it is for; empty is all of the provider's")
    is_active: Mapped[Yes]
    priority: Mapped[Count] = mapped_column(comment="which one is taken where several have a model, highest first")
    rate_limit_per_minute: Mapped[int | None]
    rate_limit_per_day: Mapped[int | None]
    settings: Mapped[JsonObject]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    provider: Mapped[AiProvider] = parent("AiProvider.id == foreign(TenantAiProvider.provider_id)")

    __table_args__ = (
        unique_in_tenant("provider_id", "name"),
        CheckConstraint("rate_limit_per_minute >= 0 AND rate_limit_per_day >= 0", name="rate_limits"),
    )


class AiExecution(TenantUserScoped, Base):
    """One call of a model, with its tokens and cost."""

    __tablename__ = "ai_executions"

    provider_id: Mapped[UUID | None] = mapped_column(ForeignKey("ai_providers.id", ondelete="SET NULL"), index=True)
    model_id: Mapped[UUID | None] = mapped_column(ForeignKey("ai_models.id", ondelete="SET NULL"), index=True)
    model_name: Mapped[str | None] = mapped_column(comment="as it was called then")
    status: Mapped[ExecutionStatus] = mapped_column(server_default=ExecutionStatus.PENDING)
    prompt_tokens: Mapped[Tokens]
    completion_tokens: Mapped[Tokens]
    total_tokens: Mapped[Tokens] = mapped_column(comment="as the provider counts, reasoning and cache included")
    tokens_debited: Mapped[Tokens] = mapped_column(comment="what it took from the user's wallet")
    cost_usd: Mapped[Decimal] = mapped_column(Numeric(14, 6), server_default="0")
    input_data: Mapped[dict[str, Any] | None]
    output_data: Mapped[dict[str, Any] | None]
    error_message: Mapped[str | None]
    execution_time_ms: Mapped[int | None]
    completed_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    provider: Mapped[AiProvider | None] = parent("AiProvider.id == foreign(AiExecution.provider_id)")
    model: Mapped[AiModel | None] = parent("AiModel.id == foreign(AiExecution.model_id)")
    member: Mapped["TenantUser"] = parent(same_tenant("TenantUser.user_id", "AiExecution.user_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        NewestFirst(within=("tenant_id", "status")),
        CheckConstraint(
            "prompt_tokens >= 0 AND completion_tokens >= 0 AND total_tokens >= 0 AND tokens_debited >= 0",
            name="tokens",
        ),
        CheckConstraint("cost_usd >= 0", name="cost_usd"),
        CheckConstraint("execution_time_ms >= 0", name="execution_time_ms"),
    )


_PROVIDERS: Final = {
    "OpenAI": ("openai", "https://api.openai.com/v1"),
    "Anthropic": ("anthropic", "https://api.anthropic.com/v1"),
    "Google": ("google", "https://generativelanguage.googleapis.com/v1beta"),
    "Groq": ("custom", "https://api.groq.com/openai/v1"),
}

_CHAT: Final = ("chat", "tools")
_VISION: Final = ("chat", "vision", "tools")

# provider, model_id, name, context window, longest answer, USD per 1000 tokens in and out, capabilities
_MODELS: Final = (
    ("OpenAI", "gpt-4o", "GPT-4o", 128_000, 16_384, "0.0025", "0.01", _VISION),
    ("OpenAI", "gpt-4o-mini", "GPT-4o mini", 128_000, 16_384, "0.00015", "0.0006", _VISION),
    ("OpenAI", "text-embedding-3-small", "Embedding 3 small", 8_191, None, "0.00002", None, ("embedding",)),
    ("Anthropic", "claude-sonnet-4-0", "Claude Sonnet 4", 200_000, 64_000, "0.003", "0.015", _VISION),
    ("Anthropic", "claude-3-5-haiku-latest", "Claude Haiku 3.5", 200_000, 8_192, "0.0008", "0.004", _CHAT),
    ("Google", "gemini-2.5-pro", "Gemini 2.5 Pro", 1_048_576, 65_536, "0.00125", "0.01", _VISION),
    ("Google", "gemini-2.5-flash", "Gemini 2.5 Flash", 1_048_576, 65_536, "0.0003", "0.0025", _VISION),
    ("Groq", "llama-3.3-70b-versatile", "Llama 3.3 70B", 131_072, 32_768, "0.00059", "0.00079", _CHAT),
    ("Groq", "whisper-large-v3", "Whisper Large v3", None, None, None, None, ("transcription",)),
)

_PROVIDER_IDS: Final = {name: str(UUID(int=number)) for number, name in enumerate(_PROVIDERS, start=1)}

Rows(
    AiProvider,
    [
        {"id": _PROVIDER_IDS[name], "name": name, "provider_type": kind, "base_url": url}
        for name, (kind, url) in _PROVIDERS.items()
    ],
)
Rows(
    AiModel,
    [
        {
            "provider_id": _PROVIDER_IDS[provider],
            "model_id": model_id,
            "name": name,
            "context_window": window,
            "max_tokens": longest,
            "input_cost_per_1k": cost_in,
            "output_cost_per_1k": cost_out,
            "capabilities": list(capabilities),
        }
        for provider, model_id, name, window, longest, cost_in, cost_out, capabilities in _MODELS
    ],
    key=("provider_id", "model_id"),
)
