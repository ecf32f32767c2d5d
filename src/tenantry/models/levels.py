"""Service levels: what a level includes, costs and forbids, how to move up, and how it is used."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantAdminScoped, TenantConfigScoped, TenantUserScoped
from tenantry.models.columns import (
    Count,
    JsonList,
    NewestFirst,
    No,
    Yes,
    children,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.vocabulary import Tier

if TYPE_CHECKING:
    from tenantry.models.identity import Tenant


class Level(TenantConfigScoped, Base):
    """A service level that a user is on."""

    __tablename__ = "levels"

    name: Mapped[str]
    slug: Mapped[str]
    description: Mapped[str | None]
    tier: Mapped[Tier] = mapped_column(server_default=Tier.FREE)
    priority: Mapped[Count] = mapped_column(comment="order in lists, lowest first")
    features: Mapped[JsonList]
    is_active: Mapped[Yes]

    tenant: Mapped["Tenant"] = parent("Tenant.id == foreign(Level.tenant_id)", "levels")
    feature_limits: Mapped[list["LevelFeature"]] = children(same_tenant("Level.id", "LevelFeature.level_id"), "level")
    prices: Mapped[list["LevelPricing"]] = children(same_tenant("Level.id", "LevelPricing.level_id"), "level")
    restrictions: Mapped[list["LevelRestriction"]] = children(
        same_tenant("Level.id", "LevelRestriction.level_id"), "level"
    )
    benefits: Mapped[list["LevelBenefit"]] = children(same_tenant("Level.id", "LevelBenefit.level_id"), "level")
    upgrades: Mapped[list["LevelUpgradePath"]] = children(
        same_tenant("Level.id", "LevelUpgradePath.from_level_id"), "from_level"
    )

    __table_args__ = (unique_in_tenant("slug"),)


class UsagePeriod(StrEnum):
    """How long a usage limit counts before it starts anew."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    LIFETIME = "lifetime"


class LevelFeature(TenantConfigScoped, Base):
    """What a level switches on, with its limit."""

    __tablename__ = "level_features"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    feature_name: Mapped[str]
    feature_category: Mapped[str]
    is_enabled: Mapped[Yes]
    usage_limit: Mapped[int | None] = mapped_column(comment="per usage_period; empty is unlimited")
    usage_period: Mapped[UsagePeriod | None]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelFeature.level_id"), "feature_limits")

    __table_args__ = (
        unique_in_tenant("level_id", "feature_name"),
        CheckConstraint("usage_limit >= 0", name="usage_limit"),
    )


class PricingType(StrEnum):
    """What a price is for."""

    ONE_TIME = "one_time"
    MONTHLY = "monthly"
    YEARLY = "yearly"
    LIFETIME = "lifetime"


class BillingCycle(StrEnum):
    """How often a price is due."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    LIFETIME = "lifetime"


class LevelPricing(TenantConfigScoped, Base):
    """The price of a level per billing period and currency."""

    __tablename__ = "level_pricing"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    pricing_type: Mapped[PricingType]
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    currency: Mapped[str] = mapped_column(server_default="USD", comment="ISO 4217")
    billing_cycle: Mapped[BillingCycle | None]
    is_recurring: Mapped[No]
    trial_days: Mapped[Count]
    trial_credits: Mapped[Count]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelPricing.level_id"), "prices")

    __table_args__ = (
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("trial_days >= 0 AND trial_credits >= 0", name="trial"),
    )


class LevelRestriction(TenantConfigScoped, Base):
    """What a level forbids or limits."""

    __tablename__ = "level_restrictions"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    restriction_type: Mapped[str]
    restriction_value: Mapped[str]
    restriction_description: Mapped[str | None]
    is_enforced: Mapped[Yes]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelRestriction.level_id"), "restrictions")


class LevelBenefit(TenantConfigScoped, Base):
    """What a level is praised for."""

    __tablename__ = "level_benefits"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    benefit_title: Mapped[str]
    benefit_description: Mapped[str | None]
    benefit_icon: Mapped[str | None]
    benefit_order: Mapped[Count]
    is_highlighted: Mapped[No]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelBenefit.level_id"), "benefits")


class UpgradeType(StrEnum):
    """Kinds of moves between levels."""

    STANDARD = "standard"
    PROMOTIONAL = "promotional"
    ENTERPRISE = "enterprise"


class LevelUpgradePath(TenantConfigScoped, Base):
    """An allowed move between levels."""

    __tablename__ = "level_upgrade_paths"

    from_level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    to_level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    upgrade_type: Mapped[UpgradeType] = mapped_column(server_default=UpgradeType.STANDARD)
    discount_percentage: Mapped[Decimal] = mapped_column(Numeric(5, 2), server_default="0")
    upgrade_message: Mapped[str | None]
    is_active: Mapped[Yes]

    from_level: Mapped[Level] = parent(same_tenant("Level.id", "LevelUpgradePath.from_level_id"), "upgrades")
    to_level: Mapped[Level] = parent(same_tenant("Level.id", "LevelUpgradePath.to_level_id"))

    __table_args__ = (
        unique_in_tenant("from_level_id", "to_level_id"),
        CheckConstraint("from_level_id <> to_level_id", name="other_level"),
        CheckConstraint("discount_percentage BETWEEN 0 AND 100", name="discount_percentage"),
    )


class LevelFeatureUsage(TenantUserScoped, Base):
    """How much of a level's feature a user has used on a day."""

    __tablename__ = "level_feature_usage"
    __written_by__ = "functions"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    feature_name: Mapped[str]
    usage_count: Mapped[int] = mapped_column(server_default="1")
    usage_date: Mapped[date]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelFeatureUsage.level_id"))

    __table_args__ = (
        unique_in_tenant("user_id", "level_id", "feature_name", "usage_date"),
        CheckConstraint("usage_count >= 0", name="usage_count"),
    )


class LevelAnalytics(TenantAdminScoped, Base):
    """A figure about a level over a period."""

    __tablename__ = "level_analytics"
    __written_by__ = "functions"

    level_id: Mapped[UUID] = reference("levels", on_delete="cascade")
    metric_name: Mapped[str]
    metric_value: Mapped[Decimal] = mapped_column(Numeric(15, 4))
    metric_unit: Mapped[str | None]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    user_count: Mapped[Count]

    level: Mapped[Level] = parent(same_tenant("Level.id", "LevelAnalytics.level_id"))

    __table_args__ = (
        NewestFirst("period_start", within=("tenant_id", "level_id", "metric_name")),
        CheckConstraint("period_start <= period_end", name="period"),
        CheckConstraint("user_count >= 0", name="user_count"),
    )
