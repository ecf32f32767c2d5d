"""Inventory: warehouses, what they hold, and the movements that alone change it."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, FetchedValue, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import AppendOnly, Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    Count,
    NewestFirst,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.context import EVERYBODY
from tenantry.models.orders import Order, OrderItem
from tenantry.models.products.catalogue import Product, ProductVariant
from tenantry.models.routines import function
from tenantry.models.shipping import FulfilmentShipment, LogisticInbound, LogisticOutbound
from tenantry.models.traits import Authored, Money

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.products.materials import MaterialStock


class WarehouseStatus(StrEnum):
    """Whether a warehouse is in use."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    CLOSED = "closed"


class Warehouse(Authored, TenantConfigScoped, Base):
    """A place that holds stock."""

    __tablename__ = "warehouses"

    code: Mapped[str]
    name: Mapped[str]
    address: Mapped[str | None]
    city: Mapped[str | None]
    country: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    manager_id: Mapped[UUID | None] = member(on_delete="set null")
    status: Mapped[WarehouseStatus] = mapped_column(server_default=WarehouseStatus.ACTIVE)

    manager: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "Warehouse.manager_id"))
    stock: Mapped[list["Stock"]] = children(same_tenant("Warehouse.id", "Stock.warehouse_id"), "warehouse")
    material_stock: Mapped[list["MaterialStock"]] = children(
        same_tenant("Warehouse.id", "MaterialStock.warehouse_id"), "warehouse"
    )

    __table_args__ = (unique_in_tenant("code"), CheckConstraint("code <> '' AND name <> ''", name="name"))


def variant_of_product() -> ForeignKeyConstraint:
    """The variant is one of the product that the row names beside it."""
    return ForeignKeyConstraint(
        ["tenant_id", "product_id", "variant_id"],
        ["product_variants.tenant_id", "product_variants.parent_product_id", "product_variants.id"],
    )


class Stock(TenantScoped, Base):
    """The quantity of a product, or of one variant of it, in a warehouse: the sum of its movements."""

    __tablename__ = "stock"
    __written_by__ = "functions"

    product_id: Mapped[UUID] = reference("products")
    variant_id: Mapped[UUID | None] = mapped_column(comment="empty is the product itself")
    warehouse_id: Mapped[UUID] = reference("warehouses")
    quantity: Mapped[Count]
    inbound: Mapped[Count] = mapped_column(comment="expected to come in")
    outbound: Mapped[Count] = mapped_column(comment="promised to go out")
    last_movement_at: Mapped[datetime | None]
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    product: Mapped[Product] = parent(same_tenant("Product.id", "Stock.product_id"), "stock")
    variant: Mapped[ProductVariant | None] = parent(same_tenant("ProductVariant.id", "Stock.variant_id"))
    warehouse: Mapped[Warehouse] = parent(same_tenant("Warehouse.id", "Stock.warehouse_id"), "stock")
    counts: Mapped[list["InventoryHistory"]] = children(same_tenant("Stock.id", "InventoryHistory.stock_id"), "stock")

    __table_args__ = (
        UniqueConstraint("tenant_id", "product_id", "warehouse_id", "variant_id", postgresql_nulls_not_distinct=True),
        variant_of_product(),
        Index(None, "tenant_id", "variant_id"),
        CheckConstraint("quantity >= 0", name="quantity"),
        CheckConstraint("inbound >= 0", name="inbound"),
        CheckConstraint("outbound >= 0", name="outbound"),
    )


class MovementType(StrEnum):
    """Why stock moves."""

    RECEIPT = "receipt"
    SALE = "sale"
    RETURN = "return"
    TRANSFER = "transfer"
    PRODUCTION = "production"
    ADJUSTMENT = "adjustment"
    COUNT = "count"


class StockMovement(AppendOnly, TenantScoped, Base):
    """A change of stock: into a warehouse (positive), out of one (negative), or from one to another (positive).

    Recording it changes the stock; the quantities before and after are those of the warehouse it goes to, or else
    of the one it leaves.
    """

    __tablename__ = "stock_movements"

    movement_type: Mapped[MovementType]
    movement_date: Mapped[datetime] = mapped_column(server_default=func.now())
    reference_number: Mapped[str | None]
    product_id: Mapped[UUID] = reference("products")
    variant_id: Mapped[UUID | None] = mapped_column(comment="empty is the product itself")
    sku: Mapped[str | None] = mapped_column(comment="as it was at the time")
    from_warehouse_id: Mapped[UUID | None] = reference("warehouses")
    to_warehouse_id: Mapped[UUID | None] = reference("warehouses")
    batch_number: Mapped[str | None]
    quantity_change: Mapped[int]
    quantity_before: Mapped[int] = mapped_column(server_default=FetchedValue(), comment="written by the database")
    quantity_after: Mapped[int] = mapped_column(server_default=FetchedValue(), comment="written by the database")
    unit_cost: Mapped[Money | None]
    order_id: Mapped[UUID | None] = reference("orders")
    order_line_item_id: Mapped[UUID | None] = reference("order_items")
    shipment_id: Mapped[UUID | None] = reference("fulfilment_shipments")
    inbound_shipment_id: Mapped[UUID | None] = reference("logistic_inbounds")
    outbound_shipment_id: Mapped[UUID | None] = reference("logistic_outbounds")
    adjustment_reason: Mapped[str | None]
    source_document_type: Mapped[str | None]
    performed_by: Mapped[UUID | None] = member()
    notes: Mapped[str | None]

    product: Mapped[Product] = parent(same_tenant("Product.id", "StockMovement.product_id"), "movements")
    variant: Mapped[ProductVariant | None] = parent(same_tenant("ProductVariant.id", "StockMovement.variant_id"))
    from_warehouse: Mapped[Warehouse | None] = parent(same_tenant("Warehouse.id", "StockMovement.from_warehouse_id"))
    to_warehouse: Mapped[Warehouse | None] = parent(same_tenant("Warehouse.id", "StockMovement.to_warehouse_id"))
    order: Mapped[Order | None] = parent(same_tenant("Order.id", "StockMovement.order_id"))
    order_line_item: Mapped[OrderItem | None] = parent(same_tenant("OrderItem.id", "StockMovement.order_line_item_id"))
    shipment: Mapped[FulfilmentShipment | None] = parent(
        same_tenant("FulfilmentShipment.id", "StockMovement.shipment_id")
    )
    inbound_shipment: Mapped[LogisticInbound | None] = parent(
        same_tenant("LogisticInbound.id", "StockMovement.inbound_shipment_id")
    )
    outbound_shipment: Mapped[LogisticOutbound | None] = parent(
        same_tenant("LogisticOutbound.id", "StockMovement.outbound_shipment_id")
    )
    performer: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "StockMovement.performed_by"))

    __table_args__ = (
        variant_of_product(),
        Index(None, "tenant_id", "variant_id"),
        NewestFirst("movement_date"),
        NewestFirst("movement_date", within=("tenant_id", "product_id")),
        Trigger("change_stock", before="insert", execute="record_stock_movement()"),
        CheckConstraint("num_nonnulls(from_warehouse_id, to_warehouse_id) > 0", name="somewhere"),
        CheckConstraint("from_warehouse_id <> to_warehouse_id", name="elsewhere"),
        CheckConstraint(
            "CASE WHEN to_warehouse_id IS NULL THEN quantity_change < 0 ELSE quantity_change > 0 END",
            name="quantity_change",
        ),
        CheckConstraint("quantity_after = quantity_before + quantity_change", name="quantity_after"),
        CheckConstraint("unit_cost >= 0", name="unit_cost"),
    )


class CountStatus(StrEnum):
    """How far a count has come."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class InventoryHistory(AppendOnly, TenantScoped, Base):
    """What a count of stock found; each step of a count is a row of its own."""

    __tablename__ = "inventory_history"

    product_id: Mapped[UUID] = reference("products")
    stock_id: Mapped[UUID] = reference("stock")
    warehouse_id: Mapped[UUID] = reference("warehouses")
    audit_date: Mapped[datetime] = mapped_column(server_default=func.now())
    cycle_number: Mapped[int] = mapped_column(server_default="1")
    status: Mapped[CountStatus] = mapped_column(server_default=CountStatus.PENDING)
    product_sku: Mapped[str] = mapped_column(comment="as it was at the time")
    product_name: Mapped[str] = mapped_column(comment="as it was at the time")
    recorded_quantity: Mapped[Count]
    actual_quantity: Mapped[Count]
    quantity_discrepancy: Mapped[int] = mapped_column(Computed("actual_quantity - recorded_quantity", persisted=True))
    details: Mapped[str | None]
    audited_by: Mapped[UUID | None] = member()

    product: Mapped[Product] = parent(same_tenant("Product.id", "InventoryHistory.product_id"))
    stock: Mapped[Stock] = parent(same_tenant("Stock.id", "InventoryHistory.stock_id"), "counts")
    warehouse: Mapped[Warehouse] = parent(same_tenant("Warehouse.id", "InventoryHistory.warehouse_id"))
    auditor: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "InventoryHistory.audited_by"))

    __table_args__ = (
        NewestFirst("audit_date"),
        NewestFirst("audit_date", within=("tenant_id", "stock_id")),
        CheckConstraint("recorded_quantity >= 0 AND actual_quantity >= 0", name="quantities"),
        CheckConstraint("cycle_number > 0", name="cycle_number"),
    )


function(
    "record_stock_movement",
    returns="trigger",
    language="plpgsql",
    security="definer",
    comment="Trigger: a movement changes the stock of the warehouses it names.",
)
function(
    "expect_stock",
    arguments="p_warehouse_id uuid, p_product_id uuid, p_inbound integer DEFAULT 0, p_outbound integer DEFAULT 0,"
    " p_variant_id uuid DEFAULT NULL",
    returns="stock",
    to=EVERYBODY,
    language="plpgsql",
    security="definer",
    comment="Changes, in the current tenant, what is expected to come in and promised to go out; less is negative.",
)
function(
    "lock_stock",
    arguments="p_tenant_id uuid, p_warehouse_id uuid, p_product_id uuid, p_variant_id uuid",
    returns="stock",
    language="plpgsql",
    comment="The stock of a product in a warehouse, made on first use, locked until the transaction ends.",
)
