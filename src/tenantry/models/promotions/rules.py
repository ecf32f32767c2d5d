"""Rules: what a promotion gives, where a percentage or an amount does not say it all."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import JsonObject, parent, reference, same_tenant
from tenantry.models.promotions.offers import Promotion
from tenantry.models.traits import Money


class RuleKind(StrEnum):
    """Which of a rule's columns count."""

    DISCOUNT = "discount"
    TIER = "tier"
    BOGO = "bogo"
    BUNDLE = "bundle"


class DiscountType(StrEnum):
    """What discount_value means."""

    PERCENTAGE = "percentage"
    FIXED_AMOUNT = "fixed_amount"
    FIXED_PRICE = "fixed_price"
    FREE_SHIPPING = "free_shipping"


class DiscountTarget(StrEnum):
    """What a discount comes off."""

    ORDER = "order"
    LINE_ITEM = "line_item"
    SHIPPING = "shipping"


class AllocationMethod(StrEnum):
    """Whether a discount is shared by the lines it applies to, or each of them gets it."""

    ACROSS = "across"
    EACH = "each"


class ThresholdType(StrEnum):
    """What a tier counts."""

    QUANTITY = "quantity"
    AMOUNT = "amount"


class Requirement(StrEnum):
    """What has to be bought."""

    QUANTITY = "quantity"
    AMOUNT = "amount"
    SPECIFIC_PRODUCTS = "specific_products"


class Reward(StrEnum):
    """What one gets for it."""

    SAME_PRODUCT = "same_product"
    SPECIFIC_PRODUCTS = "specific_products"
    CHEAPEST = "cheapest"
    ANY = "any"


class PromotionRule(TenantScoped, Base):
    """What a promotion gives: a discount, a tier of one, buy-X-get-Y, or a bundle."""

    __tablename__ = "mkt_promotion_rules"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    kind: Mapped[RuleKind]

    discount_type: Mapped[DiscountType | None]
    discount_value: Mapped[Money | None]
    max_discount_amount: Mapped[Money | None]
    apply_to: Mapped[DiscountTarget | None]
    allocation_method: Mapped[AllocationMethod | None]

    tier_level: Mapped[int | None]
    threshold_type: Mapped[ThresholdType | None]
    threshold_value: Mapped[Decimal | None] = mapped_column(Numeric(14, 2), comment="a number of items, or money")

    buy_type: Mapped[Requirement | None]
    buy_quantity: Mapped[int | None]
    buy_amount: Mapped[Money | None]
    buy_product_rules: Mapped[JsonObject]
    get_type: Mapped[Reward | None]
    get_quantity: Mapped[int] = mapped_column(server_default="1")
    get_product_rules: Mapped[JsonObject]
    max_applications_per_order: Mapped[int | None]

    bundle_type: Mapped[Requirement | None]
    required_quantity: Mapped[int | None]
    required_amount: Mapped[Money | None]
    bundle_product_rules: Mapped[JsonObject]
    min_items_in_bundle: Mapped[int | None]
    max_items_in_bundle: Mapped[int | None]

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionRule.promotion_id"), "rules")

    __table_args__ = (
        Index(
            "uq_mkt_promotion_rules_kind",
            "tenant_id",
            "promotion_id",
            "kind",
            unique=True,
            postgresql_where=text("kind <> 'tier'"),
        ),
        Index(
            "uq_mkt_promotion_rules_tier_level",
            "tenant_id",
            "promotion_id",
            "tier_level",
            unique=True,
            postgresql_where=text("kind = 'tier'"),
        ),
        CheckConstraint(
            "CASE kind"
            " WHEN 'discount' THEN num_nulls(discount_type, apply_to) = 0"
            " AND (discount_type = 'free_shipping' OR discount_value IS NOT NULL)"
            " WHEN 'tier' THEN num_nulls(tier_level, threshold_type, threshold_value) = 0"
            " AND num_nulls(discount_type, discount_value) = 0"
            " WHEN 'bogo' THEN num_nulls(buy_type, get_type) = 0"
            " ELSE num_nulls(bundle_type, discount_type, discount_value) = 0"
            " END",
            name="complete",
        ),
        CheckConstraint(
            "discount_value >= 0 AND (discount_type <> 'percentage' OR discount_value <= 100)", name="discount"
        ),
        CheckConstraint("max_discount_amount >= 0 AND buy_amount >= 0 AND required_amount >= 0", name="amounts"),
        CheckConstraint("threshold_value >= 0", name="threshold_value"),
        CheckConstraint(
            "buy_quantity > 0 AND get_quantity > 0 AND required_quantity > 0 AND max_applications_per_order > 0",
            name="quantities",
        ),
        CheckConstraint("min_items_in_bundle <= max_items_in_bundle", name="items_in_bundle"),
    )
