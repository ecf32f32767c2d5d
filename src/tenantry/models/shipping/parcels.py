"""Parcels: what brings orders to customers, packed in batches, each with a history of its own."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import (
    Count,
    NewestFirst,
    No,
    Yes,
    children,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.orders import Order, OrderItem
from tenantry.models.routines import function
from tenantry.models.traits import Authored, Created, Money

Measure = Annotated[Decimal, mapped_column(Numeric(10, 2))]


class FulfilmentBatchStatus(StrEnum):
    """How far a batch of parcels has come."""

    OPEN = "open"
    PROCESSING = "processing"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


class FulfilmentBatch(Created, TenantScoped, Base):
    """A batch of orders that are packed together, with its figures."""

    __tablename__ = "fulfilment_batches"

    name: Mapped[str | None]
    status: Mapped[FulfilmentBatchStatus] = mapped_column(server_default=FulfilmentBatchStatus.OPEN)
    ship_date: Mapped[date | None]
    shipments_count: Mapped[Count]
    orders_count: Mapped[Count]
    items_count: Mapped[Count]
    total_estimated_cost: Mapped[Money | None]
    total_actual_cost: Mapped[Money | None]
    shipped_at: Mapped[date | None]
    delivered_at: Mapped[date | None]
    last_error: Mapped[str | None]

    shipments: Mapped[list["FulfilmentShipment"]] = children(
        same_tenant("FulfilmentBatch.id", "FulfilmentShipment.batch_id"), "batch"
    )

    __table_args__ = (
        NewestFirst(),
        CheckConstraint("shipments_count >= 0 AND orders_count >= 0 AND items_count >= 0", name="counts"),
        CheckConstraint("total_estimated_cost >= 0 AND total_actual_cost >= 0", name="costs"),
        CheckConstraint("shipped_at <= delivered_at", name="delivered_at"),
    )


class ParcelStatus(StrEnum):
    """How far a parcel has come."""

    PENDING = "pending"
    LABEL_PURCHASED = "label_purchased"
    SHIPPED = "shipped"
    IN_TRANSIT = "in_transit"
    DELIVERED = "delivered"
    RETURNED = "returned"
    EXCEPTION = "exception"
    CANCELLED = "cancelled"


class LabelFormat(StrEnum):
    """File formats of shipping labels."""

    PDF = "pdf"
    PNG = "png"
    ZPL = "zpl"


class FulfilmentShipment(Authored, TenantScoped, Base):
    """A parcel: from where, to whom, how, and for how much."""

    __tablename__ = "fulfilment_shipments"

    shipment_number: Mapped[str]
    batch_id: Mapped[UUID | None] = reference("fulfilment_batches", on_delete="set null")
    status: Mapped[ParcelStatus] = mapped_column(server_default=ParcelStatus.PENDING)
    # each status belongs to a parcel
    status_id: Mapped[UUID | None] = reference(
        "shipment_statuses", on_delete="set null", use_alter=True, comment="the newest of its status history"
    )
    ship_from_location: Mapped[str | None]
    ship_to_name: Mapped[str | None]
    ship_to_phone: Mapped[str | None]
    ship_to_email: Mapped[str | None]
    ship_to_address: Mapped[str | None]
    ship_to_city: Mapped[str | None]
    ship_to_state: Mapped[str | None]
    ship_to_country: Mapped[str | None]
    ship_to_post_code: Mapped[str | None]
    address_residential: Mapped[No]
    carrier: Mapped[str | None]
    service: Mapped[str | None]
    package_weight: Mapped[Measure | None]
    package_length: Mapped[Measure | None]
    package_width: Mapped[Measure | None]
    package_height: Mapped[Measure | None]
    package_code: Mapped[str | None]
    tracking_number: Mapped[str | None]
    tracking_url: Mapped[str | None]
    label_download_url: Mapped[str | None]
    label_expires_at: Mapped[datetime | None]
    label_format: Mapped[LabelFormat] = mapped_column(server_default=LabelFormat.PDF)
    label_printed: Mapped[No]
    label_voided: Mapped[No]
    label_voided_at: Mapped[datetime | None]
    estimated_shipping_cost: Mapped[Money | None]
    actual_shipping_cost: Mapped[Money | None]
    insurance_amount: Mapped[Money | None]
    confirmation_amount: Mapped[Money | None]
    total_cost: Mapped[Money | None]
    require_insurance: Mapped[No]
    require_signature: Mapped[No]
    saturday_delivery: Mapped[No]
    contains_alcohol: Mapped[No]
    ship_date: Mapped[date | None]
    estimated_delivery_date: Mapped[date | None]
    actual_delivery_date: Mapped[date | None]
    note: Mapped[str | None]

    batch: Mapped[FulfilmentBatch | None] = parent(
        same_tenant("FulfilmentBatch.id", "FulfilmentShipment.batch_id"), "shipments"
    )
    orders: Mapped[list["ShipmentOrder"]] = children(
        same_tenant("FulfilmentShipment.id", "ShipmentOrder.shipment_id"), "shipment"
    )
    lines: Mapped[list["ShipmentLineItem"]] = children(
        same_tenant("FulfilmentShipment.id", "ShipmentLineItem.shipment_id"), "shipment"
    )
    statuses: Mapped[list["ShipmentStatus"]] = children(
        same_tenant("FulfilmentShipment.id", "ShipmentStatus.shipment_id"), "shipment"
    )
    newest_status: Mapped["ShipmentStatus | None"] = parent(
        same_tenant("ShipmentStatus.id", "FulfilmentShipment.status_id"), viewonly=True
    )

    __table_args__ = (
        unique_in_tenant("shipment_number"),
        NewestFirst(),
        Index(None, "tenant_id", "status"),
        Index(None, "tenant_id", "tracking_number"),
        CheckConstraint(
            "package_weight > 0 AND package_length > 0 AND package_width > 0 AND package_height > 0", name="package"
        ),
        CheckConstraint(
            "estimated_shipping_cost >= 0 AND actual_shipping_cost >= 0 AND insurance_amount >= 0"
            " AND confirmation_amount >= 0 AND total_cost >= 0",
            name="costs",
        ),
        CheckConstraint("label_voided_at IS NULL OR label_voided", name="label_voided_at"),
        CheckConstraint("ship_date <= actual_delivery_date", name="actual_delivery_date"),
    )


class ShipmentOrder(TenantScoped, Base):
    """An order in a parcel."""

    __tablename__ = "shipment_orders"

    shipment_id: Mapped[UUID] = reference("fulfilment_shipments", on_delete="cascade")
    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")

    shipment: Mapped[FulfilmentShipment] = parent(
        same_tenant("FulfilmentShipment.id", "ShipmentOrder.shipment_id"), "orders"
    )
    order: Mapped[Order] = parent(same_tenant("Order.id", "ShipmentOrder.order_id"), "shipments")

    __table_args__ = (unique_in_tenant("shipment_id", "order_id"),)


class ShipmentLineItem(TenantScoped, Base):
    """An order line in a parcel, as many pieces of it as are there."""

    __tablename__ = "shipment_line_items"

    shipment_id: Mapped[UUID] = reference("fulfilment_shipments", on_delete="cascade")
    line_item_id: Mapped[UUID] = reference("order_items", on_delete="cascade")
    quantity: Mapped[int]

    shipment: Mapped[FulfilmentShipment] = parent(
        same_tenant("FulfilmentShipment.id", "ShipmentLineItem.shipment_id"), "lines"
    )
    order_item: Mapped[OrderItem] = parent(
        same_tenant("OrderItem.id", "ShipmentLineItem.line_item_id"), "shipment_lines"
    )

    __table_args__ = (
        unique_in_tenant("shipment_id", "line_item_id"),
        CheckConstraint("quantity > 0", name="quantity"),
    )


class ShipmentStatus(TenantScoped, Base):
    """An entry of a parcel's history: what its carrier said when. The newest one is shown on the parcel."""

    __tablename__ = "shipment_statuses"

    shipment_id: Mapped[UUID] = reference("fulfilment_shipments", on_delete="cascade")
    code: Mapped[str] = mapped_column(comment="the carrier's word")
    name: Mapped[str]
    description: Mapped[str | None]
    is_active: Mapped[Yes] = mapped_column(comment="switched off where the carrier took it back")

    shipment: Mapped[FulfilmentShipment] = parent(
        same_tenant("FulfilmentShipment.id", "ShipmentStatus.shipment_id"), "statuses"
    )

    __table_args__ = (
        NewestFirst(within=("tenant_id", "shipment_id")),
        Trigger("show_newest", after="insert, update", of="is_active", execute="show_newest_shipment_status()"),
        CheckConstraint("code <> '' AND name <> ''", name="name"),
    )


function(
    "show_newest_shipment_status",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: the parcel shows the newest of its statuses that holds.",
)
