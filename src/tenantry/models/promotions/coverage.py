"""Coverage: the products, categories and attributes that a promotion is about, leaves out, or gives away."""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import parent, reference, same_tenant, unique_in_tenant
from tenantry.models.promotions.offers import Promotion
from tenantry.models.traits import Money

if TYPE_CHECKING:
    from tenantry.models.products import Product, ProductAttribute, ProductCategory, ProductVariant


class InclusionType(StrEnum):
    """Whether a promotion covers a product or leaves it out."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class ProductSide(StrEnum):
    """Whether a product is what one buys, what one gets for it, or both."""

    BOTH = "both"
    BUY_SIDE = "buy_side"
    GET_SIDE = "get_side"


class PriceOverrideType(StrEnum):
    """Which of a product's prices is overridden."""

    SALE_PRICE = "sale_price"
    RETAIL_PRICE = "retail_price"
    BOTH = "both"


class PromotionProduct(TenantScoped, Base):
    """A product, variant or collection that a promotion covers, at its own price if it has one."""

    __tablename__ = "mkt_promotion_products"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    product_id: Mapped[UUID | None] = reference("products", on_delete="cascade")
    variant_id: Mapped[UUID | None] = reference("product_variants", on_delete="cascade")
    product_sku: Mapped[str | None] = mapped_column(comment="where the product is not in the tenant's catalogue")
    collection_id: Mapped[str | None] = mapped_column(comment="a collection on the shop's platform")
    inclusion_type: Mapped[InclusionType] = mapped_column(server_default=InclusionType.INCLUDE)
    context: Mapped[ProductSide] = mapped_column(server_default=ProductSide.BOTH)
    override_price: Mapped[Money | None] = mapped_column(comment="the price during the promotion")
    original_price: Mapped[Money | None] = mapped_column(comment="the price to go back to")
    price_override_type: Mapped[PriceOverrideType | None]

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionProduct.promotion_id"), "products")
    product: Mapped["Product | None"] = parent(same_tenant("Product.id", "PromotionProduct.product_id"))
    variant: Mapped["ProductVariant | None"] = parent(same_tenant("ProductVariant.id", "PromotionProduct.variant_id"))

    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "promotion_id",
            "context",
            "product_id",
            "variant_id",
            "product_sku",
            "collection_id",
            name="uq_mkt_promotion_products_covered",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(product_id, variant_id, product_sku, collection_id) > 0", name="covered"),
        CheckConstraint("override_price >= 0 AND original_price >= 0", name="prices"),
        CheckConstraint("(override_price IS NULL) = (price_override_type IS NULL)", name="override"),
    )


class PromotionCategory(TenantScoped, Base):
    """A category that a promotion covers."""

    __tablename__ = "mkt_promotion_categories"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    category_id: Mapped[UUID] = reference("product_categories", on_delete="cascade")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionCategory.promotion_id"), "categories")
    category: Mapped["ProductCategory"] = parent(same_tenant("ProductCategory.id", "PromotionCategory.category_id"))

    __table_args__ = (unique_in_tenant("promotion_id", "category_id"),)


class PromotionAttribute(TenantScoped, Base):
    """An attribute that a promotion covers."""

    __tablename__ = "mkt_promotion_attributes"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    attribute_id: Mapped[UUID] = reference("product_attributes", on_delete="cascade")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionAttribute.promotion_id"), "attributes")
    attribute: Mapped["ProductAttribute"] = parent(
        same_tenant("ProductAttribute.id", "PromotionAttribute.attribute_id")
    )

    __table_args__ = (unique_in_tenant("promotion_id", "attribute_id"),)


class PromotionExclusion(TenantScoped, Base):
    """A product, category or attribute that a promotion leaves out."""

    __tablename__ = "mkt_promotion_exclusions"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    product_id: Mapped[UUID | None] = reference("products", on_delete="cascade")
    category_id: Mapped[UUID | None] = reference("product_categories", on_delete="cascade")
    attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="cascade")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionExclusion.promotion_id"), "exclusions")
    product: Mapped["Product | None"] = parent(same_tenant("Product.id", "PromotionExclusion.product_id"))
    category: Mapped["ProductCategory | None"] = parent(
        same_tenant("ProductCategory.id", "PromotionExclusion.category_id")
    )
    attribute: Mapped["ProductAttribute | None"] = parent(
        same_tenant("ProductAttribute.id", "PromotionExclusion.attribute_id")
    )

    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "promotion_id",
            "product_id",
            "category_id",
            "attribute_id",
            name="uq_mkt_promotion_exclusions_excluded",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("num_nonnulls(product_id, category_id, attribute_id) = 1", name="excluded"),
    )


class PromotionFreeItem(TenantScoped, Base):
    """An item that a promotion gives away."""

    __tablename__ = "mkt_promotion_free_items"

    promotion_id: Mapped[UUID] = reference("mkt_promotions", on_delete="cascade")
    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    quantity: Mapped[int] = mapped_column(server_default="1")

    promotion: Mapped[Promotion] = parent(same_tenant("Promotion.id", "PromotionFreeItem.promotion_id"), "free_items")
    product: Mapped["Product"] = parent(same_tenant("Product.id", "PromotionFreeItem.product_id"))

    __table_args__ = (unique_in_tenant("promotion_id", "product_id"), CheckConstraint("quantity > 0", name="quantity"))
