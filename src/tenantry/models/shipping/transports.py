"""Transports between places of the tenant: what leaves as an outbound arrives as an inbound."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import (
    JsonObject,
    NewestFirst,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.orders import Order

if TYPE_CHECKING:
    from tenantry.models.products import Product, StockMovement, Warehouse


class LogisticVendor(TenantConfigScoped, Base):
    """A carrier."""

    __tablename__ = "logistic_vendors"

    code: Mapped[str]
    name: Mapped[str]
    contact_info: Mapped[JsonObject]
    address: Mapped[str | None]
    city: Mapped[str | None]
    state: Mapped[str | None]
    country: Mapped[str | None]
    postal_code: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    website: Mapped[str | None]
    is_active: Mapped[Yes]

    inbounds: Mapped[list["LogisticInbound"]] = children(
        same_tenant("LogisticVendor.id", "LogisticInbound.vendor_id"), "vendor"
    )

    __table_args__ = (unique_in_tenant("code"), CheckConstraint("code <> '' AND name <> ''", name="name"))


class TransportStatus(StrEnum):
    """How far a transport has come."""

    PLANNED = "planned"
    PACKED = "packed"
    IN_TRANSIT = "in_transit"
    ARRIVED = "arrived"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LogisticOutbound(TenantScoped, Base):
    """An outbound transport."""

    __tablename__ = "logistic_outbounds"

    code: Mapped[str]
    status: Mapped[TransportStatus] = mapped_column(server_default=TransportStatus.PLANNED)
    ship_date: Mapped[date | None]
    estimated_arrival_date: Mapped[date | None]
    delivery_date: Mapped[date | None]
    tracking_number: Mapped[str | None]
    image: Mapped[str | None]
    batch_notes: Mapped[str | None]
    notes: Mapped[str | None]
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    items: Mapped[list["LogisticItemOutbound"]] = children(
        same_tenant("LogisticOutbound.id", "LogisticItemOutbound.outbound_id"), "outbound"
    )
    inbounds: Mapped[list["LogisticInbound"]] = children(
        same_tenant("LogisticOutbound.id", "LogisticInbound.outbound_id"), "outbound"
    )

    __table_args__ = (
        unique_in_tenant("code"),
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("ship_date <= delivery_date", name="delivery_date"),
    )


class LogisticInbound(TenantScoped, Base):
    """An inbound transport."""

    __tablename__ = "logistic_inbounds"

    code: Mapped[str]
    outbound_id: Mapped[UUID | None] = reference(
        "logistic_outbounds", on_delete="set null", comment="the transport as its sender knows it"
    )
    hub_id: Mapped[UUID | None] = reference("warehouses", on_delete="set null", comment="where it changes carriers")
    warehouse_id: Mapped[UUID | None] = reference("warehouses", comment="where it arrives")
    vendor_id: Mapped[UUID | None] = reference("logistic_vendors")
    status: Mapped[TransportStatus] = mapped_column(server_default=TransportStatus.PLANNED)
    tracking_number: Mapped[str | None]
    ship_date: Mapped[date | None]
    estimated_arrival_date: Mapped[date | None]
    arrived_date: Mapped[date | None]
    images: Mapped[list[str]] = mapped_column(server_default="{}")
    notes: Mapped[str | None]
    updated_by: Mapped[UUID | None] = member(on_delete="set null")

    outbound: Mapped[LogisticOutbound | None] = parent(
        same_tenant("LogisticOutbound.id", "LogisticInbound.outbound_id"), "inbounds"
    )
    hub: Mapped["Warehouse | None"] = parent(same_tenant("Warehouse.id", "LogisticInbound.hub_id"))
    warehouse: Mapped["Warehouse | None"] = parent(same_tenant("Warehouse.id", "LogisticInbound.warehouse_id"))
    vendor: Mapped[LogisticVendor | None] = parent(
        same_tenant("LogisticVendor.id", "LogisticInbound.vendor_id"), "inbounds"
    )
    items: Mapped[list["LogisticItemInbound"]] = children(
        same_tenant("LogisticInbound.id", "LogisticItemInbound.inbound_id"), "inbound"
    )

    __table_args__ = (
        unique_in_tenant("code"),
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        CheckConstraint("ship_date <= arrived_date", name="arrived_date"),
    )


class LogisticItemOutbound(TenantScoped, Base):
    """A line of an outbound transport."""

    __tablename__ = "logistic_items_outbound"

    outbound_id: Mapped[UUID] = reference("logistic_outbounds", on_delete="cascade")
    order_id: Mapped[UUID | None] = reference("orders", on_delete="set null")
    movement_id: Mapped[UUID | None] = reference("stock_movements", comment="the change of stock that it made")
    product_id: Mapped[UUID] = reference("products")
    sku: Mapped[str | None] = mapped_column(comment="as it was when the line was written")
    quantity: Mapped[int]
    code: Mapped[str | None]
    item_type: Mapped[str | None]
    notes: Mapped[str | None]
    processed_at: Mapped[datetime | None]

    outbound: Mapped[LogisticOutbound] = parent(
        same_tenant("LogisticOutbound.id", "LogisticItemOutbound.outbound_id"), "items"
    )
    order: Mapped[Order | None] = parent(same_tenant("Order.id", "LogisticItemOutbound.order_id"))
    movement: Mapped["StockMovement | None"] = parent(
        same_tenant("StockMovement.id", "LogisticItemOutbound.movement_id")
    )
    product: Mapped["Product"] = parent(same_tenant("Product.id", "LogisticItemOutbound.product_id"))

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)


class LogisticItemInbound(TenantScoped, Base):
    """A line of an inbound transport."""

    __tablename__ = "logistic_items_inbound"

    inbound_id: Mapped[UUID] = reference("logistic_inbounds", on_delete="cascade")
    order_id: Mapped[UUID | None] = reference("orders", on_delete="set null")
    movement_id: Mapped[UUID | None] = reference("stock_movements", comment="the change of stock that it made")
    purchase_order_number: Mapped[str | None]
    product_id: Mapped[UUID] = reference("products")
    sku: Mapped[str | None] = mapped_column(comment="as it was when the line was written")
    quantity: Mapped[int]
    code: Mapped[str | None]
    item_type: Mapped[str | None]
    notes: Mapped[str | None]
    processed_at: Mapped[datetime | None]

    inbound: Mapped[LogisticInbound] = parent(
        same_tenant("LogisticInbound.id", "LogisticItemInbound.inbound_id"), "items"
    )
    order: Mapped[Order | None] = parent(same_tenant("Order.id", "LogisticItemInbound.order_id"))
    movement: Mapped["StockMovement | None"] = parent(
        same_tenant("StockMovement.id", "LogisticItemInbound.movement_id")
    )
    product: Mapped["Product"] = parent(same_tenant("Product.id", "LogisticItemInbound.product_id"))

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)
