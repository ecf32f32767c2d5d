"""The catalogue: products and their variants, categories, attributes, images, sets and reviews."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    Count,
    NewestFirst,
    No,
    children,
    downward,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
    upward,
)
from tenantry.models.crm import PersonalKey
from tenantry.models.orders import OrderItem
from tenantry.models.traits import Created, Money, unique_where_given
from tenantry.models.trees import REFUSE_CYCLE

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.products.inventory import Stock, StockMovement
    from tenantry.models.products.materials import BillOfMaterials


class ProductType(StrEnum):
    """Kinds of products."""

    STANDARD = "standard"
    CUSTOMIZE = "customize"
    VARIANT = "variant"
    SET = "set"
    JEWELRY = "jewelry"
    DIAMOND = "diamond"
    GEMSTONE = "gemstone"


class ProductStatus(StrEnum):
    """Whether a product is shown in shops, and taken over from them."""

    DRAFT = "draft"
    PUBLISH = "publish"
    UPDATED = "updated"
    DO_NOT_IMPORT = "do_not_import"


class Product(Created, TenantScoped, Base):
    """A product of the catalogue."""

    __tablename__ = "products"

    sku: Mapped[str]
    item_number: Mapped[str | None] = mapped_column(comment="of a single piece, such as a gemstone")
    certificate_number: Mapped[str | None] = mapped_column(comment="of the laboratory that vouches for the piece")
    name: Mapped[str]
    product_type: Mapped[ProductType] = mapped_column(server_default=ProductType.STANDARD)
    status: Mapped[ProductStatus] = mapped_column(server_default=ProductStatus.DRAFT)
    retail_price: Mapped[Money] = mapped_column(server_default="0")
    sale_price: Mapped[Money] = mapped_column(server_default="0")
    description: Mapped[str | None]
    is_pre_order: Mapped[No]
    promotion_id: Mapped[UUID | None] = reference("mkt_promotions", on_delete="set null")
    published_at: Mapped[datetime | None]

    variants: Mapped[list["ProductVariant"]] = children(
        same_tenant("Product.id", "ProductVariant.parent_product_id"), "parent_product"
    )
    categories: Mapped[list["ProductCategoryLink"]] = children(
        same_tenant("Product.id", "ProductCategoryLink.product_id"), "product"
    )
    attribute_values: Mapped[list["ProductAttributeValue"]] = children(
        same_tenant("Product.id", "ProductAttributeValue.product_id"), "product"
    )
    tags: Mapped[list["ProductTag"]] = children(same_tenant("Product.id", "ProductTag.product_id"), "product")
    images: Mapped["ProductImage | None"] = children(
        same_tenant("Product.id", "ProductImage.product_id"), "product", uselist=False
    )
    set_items: Mapped[list["ProductSetItem"]] = children(
        same_tenant("Product.id", "ProductSetItem.set_product_id"), "set_product"
    )
    customization: Mapped["ProductCustomization | None"] = children(
        same_tenant("Product.id", "ProductCustomization.product_id"), "product", uselist=False
    )
    reviews: Mapped[list["ProductReview"]] = children(same_tenant("Product.id", "ProductReview.product_id"), "product")
    stock: Mapped[list["Stock"]] = children(same_tenant("Product.id", "Stock.product_id"), "product")
    movements: Mapped[list["StockMovement"]] = children(
        same_tenant("Product.id", "StockMovement.product_id"), "product"
    )
    materials: Mapped[list["BillOfMaterials"]] = children(
        same_tenant("Product.id", "BillOfMaterials.product_id"), "product"
    )
    order_items: Mapped[list[OrderItem]] = children(same_tenant("Product.id", "OrderItem.product_id"), "product")

    __table_args__ = (
        unique_in_tenant("sku"),
        unique_where_given("products", "item_number"),
        unique_where_given("products", "certificate_number"),
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("sku <> '' AND name <> ''", name="name"),
        CheckConstraint("retail_price >= 0 AND sale_price >= 0", name="prices"),
    )


class ProductCategory(TenantScoped, Base):
    """A category, in a tree of them."""

    __tablename__ = "product_categories"

    name: Mapped[str]
    parent_id: Mapped[UUID | None] = reference("product_categories")

    parent_category: Mapped["ProductCategory | None"] = parent(upward("ProductCategory.parent_id"), "subcategories")
    subcategories: Mapped[list["ProductCategory"]] = children(downward("ProductCategory.parent_id"), "parent_category")
    products: Mapped[list["ProductCategoryLink"]] = children(
        same_tenant("ProductCategory.id", "ProductCategoryLink.category_id"), "category"
    )

    __table_args__ = (
        unique_in_tenant("name"),
        Trigger("refuse_cycle", after="insert, update", of="parent_id", execute=f"{REFUSE_CYCLE}('id', 'parent_id')"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("parent_id <> id", name="parent_id"),
    )


class ProductCategoryLink(TenantScoped, Base):
    """A category of a product."""

    __tablename__ = "product_category_links"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    category_id: Mapped[UUID] = reference("product_categories", on_delete="cascade")

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductCategoryLink.product_id"), "categories")
    category: Mapped[ProductCategory] = parent(
        same_tenant("ProductCategory.id", "ProductCategoryLink.category_id"), "products"
    )

    __table_args__ = (unique_in_tenant("product_id", "category_id"),)


class ProductVariant(TenantScoped, Base):
    """A sellable variant of a product, which is a product of its own with, perhaps, other prices."""

    __tablename__ = "product_variants"

    parent_product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    variant_product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    variant_attribute: Mapped[str]
    variant_value: Mapped[str]
    variant_sku: Mapped[str | None]
    retail_price_override: Mapped[Money | None]
    sale_price_override: Mapped[Money | None]
    status: Mapped[ProductStatus | None] = mapped_column(comment="empty is the product's own")
    sort_order: Mapped[Count]

    parent_product: Mapped[Product] = parent(same_tenant("Product.id", "ProductVariant.parent_product_id"), "variants")
    variant_product: Mapped[Product] = parent(same_tenant("Product.id", "ProductVariant.variant_product_id"))

    __table_args__ = (
        unique_in_tenant("parent_product_id", "variant_attribute", "variant_value"),
        unique_in_tenant("parent_product_id", "id"),
        unique_where_given("product_variants", "variant_sku"),
        CheckConstraint("parent_product_id <> variant_product_id", name="variant_product_id"),
        CheckConstraint("retail_price_override >= 0 AND sale_price_override >= 0", name="prices"),
    )


class ProductAttribute(TenantConfigScoped, Base):
    """An attribute that products, and the materials they are made of, can have."""

    __tablename__ = "product_attributes"

    name: Mapped[str]
    type: Mapped[str]
    value: Mapped[str | None] = mapped_column(comment="what it is unless a product says otherwise")
    description: Mapped[str | None]

    values: Mapped[list["ProductAttributeValue"]] = children(
        same_tenant("ProductAttribute.id", "ProductAttributeValue.attribute_id"), "attribute"
    )

    __table_args__ = (unique_in_tenant("name"), CheckConstraint("name <> ''", name="name"))


class ProductAttributeValue(TenantScoped, Base):
    """The value of an attribute for a product."""

    __tablename__ = "product_attribute_values"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    attribute_id: Mapped[UUID] = reference("product_attributes", on_delete="cascade")
    value: Mapped[str]
    is_variant_value: Mapped[No] = mapped_column(comment="tells the variants of the product apart")

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductAttributeValue.product_id"), "attribute_values")
    attribute: Mapped[ProductAttribute] = parent(
        same_tenant("ProductAttribute.id", "ProductAttributeValue.attribute_id"), "values"
    )

    __table_args__ = (
        unique_in_tenant("product_id", "attribute_id"),
        Index(None, "tenant_id", "attribute_id", "value"),
    )


class ProductTag(TenantScoped, Base):
    """A tag of a product."""

    __tablename__ = "product_tags"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    tag_name: Mapped[str]

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductTag.product_id"), "tags")

    __table_args__ = (
        unique_in_tenant("product_id", "tag_name"),
        Index(None, "tenant_id", "tag_name"),
        CheckConstraint("tag_name <> ''", name="tag_name"),
    )


class ProductImage(TenantScoped, Base):
    """The images of a product: one for lists, and a gallery."""

    __tablename__ = "product_images"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    thumbnail: Mapped[str | None]
    gallery: Mapped[list[str]] = mapped_column(server_default="{}")
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductImage.product_id"), "images")

    __table_args__ = (unique_in_tenant("product_id"),)


class ProductSetItem(TenantScoped, Base):
    """A part of a product set, which may be a set again."""

    __tablename__ = "product_set_items"

    set_product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    item_product_id: Mapped[UUID] = reference("products")
    quantity: Mapped[int] = mapped_column(server_default="1")
    sort_order: Mapped[Count]

    set_product: Mapped[Product] = parent(same_tenant("Product.id", "ProductSetItem.set_product_id"), "set_items")
    item_product: Mapped[Product] = parent(same_tenant("Product.id", "ProductSetItem.item_product_id"))

    __table_args__ = (
        unique_in_tenant("set_product_id", "item_product_id"),
        Trigger(
            "refuse_cycle",
            after="insert, update",
            of="set_product_id, item_product_id",
            execute=f"{REFUSE_CYCLE}('set_product_id', 'item_product_id')",
        ),
        CheckConstraint("set_product_id <> item_product_id", name="item_product_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )


class ProductCustomization(TenantScoped, Base):
    """What can be customised on a product."""

    __tablename__ = "product_customizations"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    customization: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductCustomization.product_id"), "customization")

    __table_args__ = (
        unique_in_tenant("product_id"),
        Index(None, "customization", postgresql_using="gin", postgresql_ops={"customization": "jsonb_path_ops"}),
    )


class ReviewStatus(StrEnum):
    """Whether a review is shown."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    HIDDEN = "hidden"


class ProductReview(TenantScoped, Base):
    """A review of a product."""

    __tablename__ = "product_reviews"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    personal_key_id: Mapped[UUID | None] = reference("crm_personal_keys", on_delete="set null")
    rating: Mapped[int] = mapped_column(comment="1 (bad) to 5 (good)")
    title: Mapped[str | None]
    comment: Mapped[str | None]
    status: Mapped[ReviewStatus] = mapped_column(server_default=ReviewStatus.PENDING)
    helpful_count: Mapped[Count]
    reviewer_name: Mapped[str | None]
    reviewer_email: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[UUID | None] = member(on_delete="set null")

    product: Mapped[Product] = parent(same_tenant("Product.id", "ProductReview.product_id"), "reviews")
    person: Mapped[PersonalKey | None] = parent(
        same_tenant("PersonalKey.id", "ProductReview.personal_key_id"), "reviews"
    )
    approver: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "ProductReview.approved_by"))

    __table_args__ = (
        NewestFirst(within=("tenant_id", "product_id")),
        Index(None, "tenant_id", "status"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("helpful_count >= 0", name="helpful_count"),
    )
