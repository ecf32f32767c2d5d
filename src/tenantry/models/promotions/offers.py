"""Offers: promotions, the codes that redeem them, and the campaigns and channels they are part of."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    PLATFORM_WRITTEN,
    Count,
    JsonObject,
    No,
    Yes,
    children,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.traits import Created, CurrentNewestFirst, Money, Percent, SoftDeleted

if TYPE_CHECKING:
    from tenantry.models.crm import Customer
    from tenantry.models.marketing import Campaign, MarketingChannel
    from tenantry.models.promotions.coverage import (
        PromotionAttribute,
        PromotionCategory,
        PromotionExclusion,
        PromotionFreeItem,
        PromotionProduct,
    )
    from tenantry.models.promotions.redemptions import PromotionRedemption
    from tenantry.models.promotions.rules import PromotionRule
    from tenantry.models.tasks import Project

#: figures that redemptions keep; nobody else writes them
BY_REDEMPTIONS: Final[dict[Any, Any]] = {PLATFORM_WRITTEN: True}


class PromotionType(StrEnum):
    """What a promotion does to a price."""

    PERCENTAGE = "percentage"
    FIXED_AMOUNT = "fixed_amount"
    FREE_SHIPPING = "free_shipping"
    BUY_X_GET_Y = "buy_x_get_y"
    BUY_MORE_GET_MORE = "buy_more_get_more"
    BUNDLE = "bundle"
    TIERED = "tiered"


class PromotionStatus(StrEnum):
    """How far a promotion has come."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    PAUSED = "paused"
    EXPIRED = "expired"
    ARCHIVED = "archived"


class BmgmMode(StrEnum):
    """What buying more brings: a discount, or products."""

    DISCOUNT = "discount"
    PRODUCT = "product"


class Promotion(SoftDeleted, Created, TenantScoped, Base):
    """A promotion: its kind, dates, limits and stacking; what does not fit here is in its rules."""

    __tablename__ = "mkt_promotions"

    name: Mapped[str]
    code: Mapped[str | None] = mapped_column(comment="what redeems it, beside its own list of codes; in any case")
    type: Mapped[PromotionType]
    status: Mapped[PromotionStatus] = mapped_column(server_default=PromotionStatus.DRAFT)
    is_active: Mapped[Yes] = mapped_column(comment="false: switched off, whatever the status")
    description: Mapped[str | None]
    text_bar: Mapped[str | None] = mapped_column(comment="what the shop shows at the top of its pages")
    target_audience: Mapped[str | None]
    project_id: Mapped[UUID | None] = reference("projects", on_delete="set null")

    # when
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None] = mapped_column(comment="the first instant after it")

    # how much
    percentage_value: Mapped[Percent | None]
    value_amount: Mapped[Money | None]
    buy_quantity: Mapped[int | None]
    get_quantity: Mapped[int | None]
    bogo_discount_percent: Mapped[int | None] = mapped_column(comment="off the products that one gets; 100 is for free")
    bmgm_mode: Mapped[BmgmMode | None]
    bmgm_discount_percent: Mapped[int | None]
    minimum_purchase: Mapped[Money | None]
    max_discount: Mapped[Money | None]
    eligibility_rules: Mapped[JsonObject]

    # how often, and with what else
    usage_limit: Mapped[int | None] = mapped_column(comment="redemptions in all; empty is unlimited")
    usage_limit_per_customer: Mapped[int | None]
    used_count: Mapped[Count] = mapped_column(info=BY_REDEMPTIONS, comment="its redemptions")
    revenue: Mapped[Money] = mapped_column(
        server_default="0", info=BY_REDEMPTIONS, comment="what the orders came to that it was redeemed on"
    )
    is_auto_apply: Mapped[No] = mapped_column(comment="needs no code")
    is_stackable: Mapped[No] = mapped_column(comment="may be combined with other promotions")
    priority: Mapped[Count] = mapped_column(comment="the highest wins where promotions exclude one another")

    # the shop's platform
    sync: Mapped[No] = mapped_column(comment="is to be set up on the platform")
    reset: Mapped[No] = mapped_column(comment="is to be taken off the platform")
    platform_sync: Mapped[JsonObject] = mapped_column(comment="its ids and state there")

    project: Mapped["Project | None"] = parent(same_tenant("Project.id", "Promotion.project_id"))
    codes: Mapped[list["PromotionCode"]] = children(
        same_tenant("Promotion.id", "PromotionCode.promotion_id"), "promotion"
    )
    rules: Mapped[list["PromotionRule"]] = children(
        same_tenant("Promotion.id", "PromotionRule.promotion_id"), "promotion"
    )
    campaigns: Mapped[list["PromotionCampaign"]] = children(
        same_tenant("Promotion.id", "PromotionCampaign.promotion_id"), "promotion"
    )
    channels: Mapped[list["PromotionChannel"]] = children(
        same_tenant("Promotion.id", "PromotionChannel.promotion_id"), "promotion"
    )
    products: Mapped[list["PromotionProduct"]] = children(
        same_tenant("Promotion.id", "PromotionProduct.promotion_id"), "promotion"
    )
    categories: Mapped[list["PromotionCategory"]] = children(
        same_tenant("Promotion.id", "PromotionCategory.promotion_id"), "promotion"
    )
    attributes: Mapped[list["PromotionAttribute"]] = children(
        same_tenant("Promotion.id", "PromotionAttribute.promotion_id"), "promotion"
    )
    exclusions: Mapped[list["PromotionExclusion"]] = children(
        same_tenant("Promotion.id", "PromotionExclusion.promotion_id"), "promotion"
    )
    free_items: Mapped[list["PromotionFreeItem"]] = children(
        same_tenant("Promotion.id", "PromotionFreeItem.promotion_id"), "promotion"
    )
    redemptions: Mapped[list["PromotionRedemption"]] = children(
        same_tenant("Promotion.id", "PromotionRedemption.promotion_id"), "promotion"
    )

    __table_args__ = (
        Index(
            "uq_mkt_promotions_code",
            "tenant_id",
            func.lower(text("code")),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        CurrentNewestFirst(),
        Index(None, "tenant_id", "status", "starts_at"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("code <> ''", name="code"),
        CheckConstraint("starts_at <= ends_at", name="dates"),
        CheckConstraint(
            "percentage_value BETWEEN 0 AND 100 AND bogo_discount_percent BETWEEN 0 AND 100"
            " AND bmgm_discount_percent BETWEEN 0 AND 100",
            name="percentages",
        ),
        CheckConstraint("value_amount >= 0 AND minimum_purchase >= 0 AND max_discount >= 0", name="amounts"),
        CheckConstraint("buy_quantity > 0 AND get_quantity > 0", name="quantities"),
        CheckConstraint("used_count >= 0 AND used_count <= usage_limit", name="usage_limit"),
        CheckConstraint("usage_limit_per_customer > 0", name="usage_limit_per_customer"),
    )


class CodeStatus(StrEnum):
    """Whether a code may be redeemed: not once it is expired or revoked."""

    ACTIVE = "active"
    USED = "used"
    EXPIRED = "expired"
    REVOKED = "revoked"


class PromotionCode(TenantScoped, Base):
    """A code that redeems a promotion."""

    __tablename__ = "mkt_promotion_codes"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    code: Mapped[str] = mapped_column(comment="in any case")
    status: Mapped[CodeStatus] = mapped_column(server_default=CodeStatus.ACTIVE)
    usage_limit: Mapped[int | None] = mapped_column(comment="redemptions in all; empty is unlimited")
    used_count: Mapped[Count] = mapped_column(info=BY_REDEMPTIONS, comment="its redemptions")
    first_used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue(), info=BY_REDEMPTIONS)
    last_used_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue(), info=BY_REDEMPTIONS)
    assigned_to_customer_id: Mapped[UUID | None] = reference(
        "crm_customers", on_delete="cascade", comment="the only customer who may redeem it"
    )
    expires_at: Mapped[datetime | None]
    platform_sync: Mapped[JsonObject] = mapped_column(comment="its ids and state on the shop's platform")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionCode.promotion_id"), "codes")
    customer: Mapped["Customer | None"] = parent(same_tenant("Customer.id", "PromotionCode.assigned_to_customer_id"))
    redemptions: Mapped[list["PromotionRedemption"]] = children(
        same_tenant("PromotionCode.id", "PromotionRedemption.code_id"), "code"
    )

    __table_args__ = (
        Index("uq_mkt_promotion_codes_code", "tenant_id", func.lower(text("code")), unique=True),
        CheckConstraint("code <> ''", name="code"),
        CheckConstraint("used_count >= 0 AND used_count <= usage_limit", name="usage_limit"),
    )


class PromotionCampaign(TenantScoped, Base):
    """A campaign that a promotion is part of."""

    __tablename__ = "mkt_promotion_campaigns"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    campaign_id: Mapped[UUID] = reference("mkt_campaigns", on_delete="cascade")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionCampaign.promotion_id"), "campaigns")
    campaign: Mapped["Campaign"] = parent(same_tenant("Campaign.id", "PromotionCampaign.campaign_id"))

    __table_args__ = (unique_in_tenant("promotion_id", "campaign_id"),)


class PromotionChannel(TenantScoped, Base):
    """A marketing channel, and so the page behind it, that a promotion runs on."""

    __tablename__ = "mkt_promotion_channels"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    channel_id: Mapped[UUID] = reference("mkt_marketing_channels", on_delete="cascade")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionChannel.promotion_id"), "channels")
    channel: Mapped["MarketingChannel"] = parent(same_tenant("MarketingChannel.id", "PromotionChannel.channel_id"))

    __table_args__ = (unique_in_tenant("promotion_id", "channel_id"),)
