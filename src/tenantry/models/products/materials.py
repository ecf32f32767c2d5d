"""Materials: what products are made of, how much of it is where, and the history that alone changes that."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKeyConstraint, Index, Numeric, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import AppendOnly, Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
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
from tenantry.models.context import EVERYBODY
from tenantry.models.products.catalogue import Product
from tenantry.models.products.inventory import Warehouse
from tenantry.models.routines import function
from tenantry.models.traits import Authored, Money

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser

Weight = Annotated[Decimal, mapped_column(Numeric(10, 3))]
Factor = Annotated[
    Decimal, mapped_column(Numeric(10, 3), comment="what one unit of it counts in converted quantity; empty is 1")
]
Amount = Annotated[Decimal, mapped_column(Numeric(12, 2), server_default="0")]


def reconverting() -> Trigger:
    """Another factor is another converted quantity of all that is there."""
    return Trigger("reconvert_stock", after="update", of="conversion_factor", execute="reconvert_material_stock()")


def measures() -> tuple[CheckConstraint, ...]:
    """What materials and their variants are priced and measured by."""
    return (
        CheckConstraint("price >= 0 AND cost >= 0", name="prices"),
        CheckConstraint("weight > 0", name="weight"),
        CheckConstraint("conversion_factor >= 0", name="conversion_factor"),
    )


class Material(Authored, TenantScoped, Base):
    """A raw material."""

    __tablename__ = "materials"

    sku: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    stone_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    charm_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    color_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    intention_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    element_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    thumbnail: Mapped[str | None]
    description: Mapped[str | None]
    unit: Mapped[str] = mapped_column(server_default="", comment="what quantities are counted in")
    dimension: Mapped[str | None]
    price: Mapped[Money] = mapped_column(server_default="0")
    cost: Mapped[Money] = mapped_column(server_default="0")
    weight: Mapped[Weight | None]
    conversion_factor: Mapped[Factor | None]
    is_active: Mapped[Yes]

    variants: Mapped[list["MaterialVariant"]] = children(
        same_tenant("Material.id", "MaterialVariant.material_id"), "material"
    )
    stock: Mapped[list["MaterialStock"]] = children(same_tenant("Material.id", "MaterialStock.material_id"), "material")
    history: Mapped[list["MaterialHistory"]] = children(
        same_tenant("Material.id", "MaterialHistory.material_id"), "material"
    )
    products: Mapped[list["BillOfMaterials"]] = children(
        same_tenant("Material.id", "BillOfMaterials.material_id"), "material"
    )

    __table_args__ = (
        unique_in_tenant("sku"),
        NewestFirst(),
        Index(None, "tenant_id", "category"),
        reconverting(),
        CheckConstraint("sku <> '' AND name <> ''", name="name"),
        *measures(),
    )


class MaterialAttribute(TenantConfigScoped, Base):
    """An attribute that materials are chosen by."""

    __tablename__ = "material_attributes"

    name: Mapped[str]
    type: Mapped[str]
    value: Mapped[str] = mapped_column(server_default="")

    __table_args__ = (unique_in_tenant("name", "type", "value"), CheckConstraint("name <> ''", name="name"))


class MaterialVariant(Authored, TenantScoped, Base):
    """A variant of a material, by size or metal."""

    __tablename__ = "material_variants"

    material_id: Mapped[UUID] = reference("materials", on_delete="cascade")
    sku: Mapped[str]
    name: Mapped[str]
    size_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    metal_attribute_id: Mapped[UUID | None] = reference("product_attributes", on_delete="set null")
    unit: Mapped[str]
    dimension: Mapped[str | None]
    price: Mapped[Money] = mapped_column(server_default="0")
    cost: Mapped[Money] = mapped_column(server_default="0")
    weight: Mapped[Weight | None]
    conversion_factor: Mapped[Factor | None]

    material: Mapped[Material] = parent(same_tenant("Material.id", "MaterialVariant.material_id"), "variants")
    stock: Mapped[list["MaterialStock"]] = children(
        same_tenant("MaterialVariant.id", "MaterialStock.material_variant_id"), "material_variant"
    )

    __table_args__ = (
        unique_in_tenant("sku"),
        unique_in_tenant("material_id", "id"),
        reconverting(),
        CheckConstraint("sku <> '' AND name <> ''", name="name"),
        *measures(),
    )


class MaterialStock(TenantScoped, Base):
    """The quantity of a material, or of a variant, in a warehouse: the sum of its history."""

    __tablename__ = "material_stock"
    __written_by__ = "functions"

    material_id: Mapped[UUID | None] = reference("materials")
    material_variant_id: Mapped[UUID | None] = reference("material_variants")
    warehouse_id: Mapped[UUID] = reference("warehouses")
    quantity: Mapped[Amount]
    total_converted_quantity: Mapped[Amount] = mapped_column(comment="quantity times the conversion factor")
    inbound: Mapped[Amount] = mapped_column(comment="expected to come in")
    outbound: Mapped[Amount] = mapped_column(comment="reserved to go out")
    last_counted_at: Mapped[datetime | None]
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    material: Mapped[Material | None] = parent(same_tenant("Material.id", "MaterialStock.material_id"), "stock")
    material_variant: Mapped[MaterialVariant | None] = parent(
        same_tenant("MaterialVariant.id", "MaterialStock.material_variant_id"), "stock"
    )
    warehouse: Mapped[Warehouse] = parent(same_tenant("Warehouse.id", "MaterialStock.warehouse_id"), "material_stock")

    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "warehouse_id", "material_id", "material_variant_id", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("num_nonnulls(material_id, material_variant_id) = 1", name="material_or_variant"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("total_converted_quantity >= 0", name="total_converted_quantity"),
        CheckConstraint("inbound >= 0", name="inbound"),
        CheckConstraint("outbound >= 0", name="outbound"),
    )


class MaterialAction(StrEnum):
    """What happened to a material. The first three change its description, all others a quantity."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    STOCK_IN = "stock_in"
    STOCK_OUT = "stock_out"
    STOCK_ADJUST = "stock_adjust"
    RESERVE = "reserve"
    UNRESERVE = "unreserve"
    TRANSFER = "transfer"


class MaterialReferenceType(StrEnum):
    """What a change of a material goes back to."""

    ORDER = "order"
    PRODUCTION = "production"
    PURCHASE = "purchase"
    ADJUSTMENT = "adjustment"
    TRANSFER = "transfer"
    PRODUCT = "product"


class MaterialHistory(AppendOnly, TenantScoped, Base):
    """A change of a material, or of its stock in a warehouse, which recording it brings about.

    What goes out, or is no longer reserved, is negative. A transfer is two rows, one a warehouse.
    """

    __tablename__ = "material_history"

    material_id: Mapped[UUID | None] = reference("materials")
    material_variant_id: Mapped[UUID | None] = reference("material_variants")
    warehouse_id: Mapped[UUID | None] = reference("warehouses")
    material_stock_id: Mapped[UUID | None] = reference(
        "material_stock", server_default=FetchedValue(), comment="written by the database where a quantity changes"
    )
    action_type: Mapped[MaterialAction]
    field_name: Mapped[str | None] = mapped_column(
        server_default=FetchedValue(), comment="what changed; quantity or outbound where a quantity does"
    )
    old_value: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    new_value: Mapped[str | None] = mapped_column(server_default=FetchedValue())
    quantity_change: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    reference_type: Mapped[MaterialReferenceType | None]
    reference_id: Mapped[UUID | None]
    notes: Mapped[str | None]
    created_by: Mapped[UUID | None] = member(sort_order=12)

    material: Mapped[Material | None] = parent(same_tenant("Material.id", "MaterialHistory.material_id"), "history")
    material_variant: Mapped[MaterialVariant | None] = parent(
        same_tenant("MaterialVariant.id", "MaterialHistory.material_variant_id")
    )
    warehouse: Mapped[Warehouse | None] = parent(same_tenant("Warehouse.id", "MaterialHistory.warehouse_id"))
    material_stock: Mapped[MaterialStock | None] = parent(
        same_tenant("MaterialStock.id", "MaterialHistory.material_stock_id")
    )
    author: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "MaterialHistory.created_by"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "material_id")),
        Index(None, "tenant_id", "reference_type", "reference_id"),
        Trigger("change_stock", before="insert", execute="record_material_history()"),
        CheckConstraint("num_nonnulls(material_id, material_variant_id) = 1", name="material_or_variant"),
        CheckConstraint(
            "CASE WHEN action_type IN ('create', 'update', 'delete')"
            " THEN num_nonnulls(quantity_change, warehouse_id) = 0"
            " ELSE num_nonnulls(quantity_change, warehouse_id) = 2 END",
            name="stock",
        ),
        CheckConstraint(
            "CASE WHEN action_type IN ('stock_in', 'reserve') THEN quantity_change > 0"
            " WHEN action_type IN ('stock_out', 'unreserve') THEN quantity_change < 0"
            " ELSE quantity_change <> 0 END",
            name="quantity_change",
        ),
    )


class BillOfMaterials(TenantScoped, Base):
    """How much of a material, or of one of its variants, goes into a product."""

    __tablename__ = "bill_of_materials"

    product_id: Mapped[UUID] = reference("products", on_delete="cascade")
    material_id: Mapped[UUID] = reference("materials")
    material_variant_id: Mapped[UUID | None] = mapped_column(comment="empty is the material itself")
    quantity: Mapped[Decimal] = mapped_column(Numeric(10, 3))
    unit: Mapped[str]
    is_inbound: Mapped[No]

    product: Mapped[Product] = parent(same_tenant("Product.id", "BillOfMaterials.product_id"), "materials")
    material: Mapped[Material] = parent(same_tenant("Material.id", "BillOfMaterials.material_id"), "products")
    material_variant: Mapped[MaterialVariant | None] = parent(
        same_tenant("MaterialVariant.id", "BillOfMaterials.material_variant_id")
    )

    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "product_id", "material_id", "material_variant_id", postgresql_nulls_not_distinct=True
        ),
        ForeignKeyConstraint(
            ["tenant_id", "material_id", "material_variant_id"],
            ["material_variants.tenant_id", "material_variants.material_id", "material_variants.id"],
        ),
        Index(None, "tenant_id", "material_variant_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )


function(
    "record_material_history",
    returns="trigger",
    language="plpgsql",
    security="definer",
    comment="Trigger: an entry changes the stock of the material in its warehouse.",
)
function(
    "expect_material",
    arguments="p_warehouse_id uuid, p_material_id uuid, p_material_variant_id uuid, p_inbound numeric",
    returns="material_stock",
    to=EVERYBODY,
    language="plpgsql",
    security="definer",
    comment="Changes, in the current tenant, how much of a material or a variant is expected; less is negative.",
)
function(
    "reconvert_material_stock",
    returns="trigger",
    language="plpgsql",
    security="definer",
    comment="Trigger: converted quantities follow the conversion factor.",
)
function(
    "lock_material_stock",
    arguments="p_tenant_id uuid, p_warehouse_id uuid, p_material_id uuid, p_material_variant_id uuid",
    returns="material_stock",
    language="plpgsql",
    comment="The stock of a material or a variant, made on first use, locked until the transaction ends.",
)
