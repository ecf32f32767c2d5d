"""Feature flags: what can be switched on, what each tenant has been given, and the one function that answers."""

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Rows
from tenantry.models.base import Base, CatalogScoped, TenantConfigScoped
from tenantry.models.columns import JsonObject, No, children, parent, unique_in_tenant
from tenantry.models.context import EVERYBODY
from tenantry.models.identity import Plan
from tenantry.models.routines import function

if TYPE_CHECKING:
    from tenantry.models.identity import Tenant


class FeatureFlagDefinition(CatalogScoped, Base):
    """A feature that can be switched on: for whom, unless a tenant has been given something else."""

    __tablename__ = "feature_flag_definitions"

    key: Mapped[str] = mapped_column(unique=True, comment="what application code asks for")
    name: Mapped[str]
    description: Mapped[str | None]
    default_enabled: Mapped[No] = mapped_column(comment="counts where there is no minimum_plan")
    minimum_plan: Mapped[Plan | None] = mapped_column(comment="on from this plan upwards, off below")
    enabled_for_new_tenants: Mapped[bool | None] = mapped_column(
        comment="the override that provisioning gives a new tenant; empty is none"
    )
    category: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    overrides: Mapped[list["TenantFeatureFlag"]] = children(
        "FeatureFlagDefinition.key == foreign(TenantFeatureFlag.flag_key)", "definition"
    )


class TenantFeatureFlag(TenantConfigScoped, Base):
    """What a tenant has been given, whatever its plan and the flag's default."""

    __tablename__ = "tenant_feature_flags"
    __written_by__ = "superadmin"

    flag_key: Mapped[str] = mapped_column(
        ForeignKey("feature_flag_definitions.key", onupdate="CASCADE", ondelete="CASCADE"), index=True
    )
    enabled: Mapped[bool]
    conditions: Mapped[JsonObject] = mapped_column(comment="what the application has to check besides")
    set_by: Mapped[str | None] = mapped_column(comment="who or what decided it")
    reason: Mapped[str | None]

    tenant: Mapped["Tenant"] = parent("Tenant.id == foreign(TenantFeatureFlag.tenant_id)")
    definition: Mapped[FeatureFlagDefinition] = parent(
        "FeatureFlagDefinition.key == foreign(TenantFeatureFlag.flag_key)", "overrides"
    )

    __table_args__ = (unique_in_tenant("flag_key"),)


function(
    "get_plan_rank",
    arguments="p_plan text",
    returns="integer",
    to=EVERYBODY,
    volatility="immutable",
    parallel="safe",
    comment="Plans in the order of what they include; pro and professional are two words for one plan.",
)
function(
    "is_feature_enabled",
    arguments="p_tenant_id uuid, p_key text",
    returns="boolean",
    to=EVERYBODY,
    volatility="stable",
    parallel="safe",
    comment="The tenant's override, else whether its plan reaches the flag's minimum, else the flag's default;"
    " false for an unknown flag and for a tenant that the caller does not see.",
)


# what application code asks for, and what else there is to say of it than that it is off
_FLAGS: Final[dict[str, dict[str, Any]]] = {
    "advanced_analytics": {"name": "Advanced analytics", "category": "analytics", "minimum_plan": "pro"},
    "ai_assistant": {"name": "AI assistant", "category": "ai", "default_enabled": True},
    "api_access": {"name": "API access", "category": "platform", "minimum_plan": "starter"},
    "audit_export": {"name": "Audit export", "category": "security", "minimum_plan": "enterprise"},
    "custom_engines": {"name": "Custom engines", "category": "ai", "minimum_plan": "pro"},
    "onboarding_tour": {"name": "Onboarding tour", "category": "onboarding", "enabled_for_new_tenants": True},
    "priority_support": {"name": "Priority support", "category": "support", "minimum_plan": "pro"},
    "single_sign_on": {"name": "Single sign-on", "category": "security", "minimum_plan": "enterprise"},
    "voice_agents": {"name": "Voice agents", "category": "ai", "default_enabled": True},
}

Rows(FeatureFlagDefinition, [{"key": key, **flag} for key, flag in _FLAGS.items()], key="key")
