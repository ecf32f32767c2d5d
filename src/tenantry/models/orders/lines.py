"""Order lines: what was ordered, and what happens to it before it is sold and after."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import children, parent, reference, same_tenant, unique_in_tenant
from tenantry.models.orders.headers import Order
from tenantry.models.traits import Authored, CurrentNewestFirst, Money, SoftDeleted, unique_where_given

if TYPE_CHECKING:
    from tenantry.models.products import Product
    from tenantry.models.shipping import ShipmentLineItem


class OrderItemStatus(StrEnum):
    """How far a line has come."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    PRE_ORDERED = "pre_ordered"
    IN_PRODUCTION = "in_production"
    READY = "ready"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class OrderItem(Authored, TenantScoped, Base):
    """A line of an order."""

    __tablename__ = "order_items"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    # stock movements know order lines, and products come with their stock
    product_id: Mapped[UUID | None] = reference(
        "products", use_alter=True, comment="empty for what is not in the catalogue"
    )
    line_item_id: Mapped[str | None] = mapped_column(comment="the line's number in the shop that it was ordered in")
    status: Mapped[OrderItemStatus] = mapped_column(server_default=OrderItemStatus.PENDING)
    quantity: Mapped[int] = mapped_column(server_default="1")
    unit_price: Mapped[Money]
    total_price: Mapped[Money] = mapped_column(Computed("quantity * unit_price", persisted=True))

    order: Mapped[Order] = parent(same_tenant("Order.id", "OrderItem.order_id"), "items")
    product: Mapped["Product | None"] = parent(same_tenant("Product.id", "OrderItem.product_id"), "order_items")
    after_sales: Mapped[list["AfterSalesCase"]] = children(
        same_tenant("OrderItem.id", "AfterSalesCase.order_item_id"), "order_item"
    )
    pre_orders: Mapped[list["PreOrder"]] = children(same_tenant("OrderItem.id", "PreOrder.order_item_id"), "order_item")
    customization: Mapped["OrderItemCustomization | None"] = children(
        same_tenant("OrderItem.id", "OrderItemCustomization.order_item_id"), "order_item", uselist=False
    )
    shipment_lines: Mapped[list["ShipmentLineItem"]] = children(
        same_tenant("OrderItem.id", "ShipmentLineItem.line_item_id"), "order_item"
    )

    __table_args__ = (
        unique_in_tenant("order_id", "id"),
        unique_where_given("order_items", "order_id", "line_item_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
    )


def line_of_order() -> ForeignKeyConstraint:
    """The line belongs to the order that the row names beside it."""
    return ForeignKeyConstraint(
        ["tenant_id", "order_id", "order_item_id"],
        ["order_items.tenant_id", "order_items.order_id", "order_items.id"],
        ondelete="CASCADE",
    )


class AfterSalesType(StrEnum):
    """What a customer comes back with."""

    RETURN = "return"
    EXCHANGE = "exchange"
    REFUND = "refund"
    REPAIR = "repair"
    WARRANTY = "warranty"
    COMPLAINT = "complaint"


class AfterSalesStatus(StrEnum):
    """How far an after-sales case has come."""

    OPEN = "open"
    APPROVED = "approved"
    IN_TRANSIT = "in_transit"
    RECEIVED = "received"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class AfterSalesCase(SoftDeleted, Authored, TenantScoped, Base):
    """An after-sales case of an order line."""

    __tablename__ = "order_items_after_sales"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    order_item_id: Mapped[UUID]
    original_order_item_id: Mapped[UUID | None] = reference(
        "order_items", on_delete="set null", comment="the line that this one replaced before"
    )
    case_type: Mapped[AfterSalesType]
    status: Mapped[AfterSalesStatus] = mapped_column(server_default=AfterSalesStatus.OPEN)
    rma_code: Mapped[str | None] = mapped_column(comment="number of the permission to return it")
    amount: Mapped[Money | None]
    tracking_number: Mapped[str | None]
    status_tracking: Mapped[str | None] = mapped_column(comment="what the carrier says")
    reason: Mapped[str | None]
    details: Mapped[str | None]
    inquiry_date: Mapped[date | None]
    received_date: Mapped[date | None]

    order_item: Mapped[OrderItem] = parent(same_tenant("OrderItem.id", "AfterSalesCase.order_item_id"), "after_sales")
    original_order_item: Mapped[OrderItem | None] = parent(
        same_tenant("OrderItem.id", "AfterSalesCase.original_order_item_id")
    )

    __table_args__ = (
        line_of_order(),
        Index(None, "tenant_id", "order_item_id"),
        unique_where_given("order_items_after_sales", "rma_code"),
        CurrentNewestFirst(),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("inquiry_date <= received_date", name="received_date"),
    )


class PreOrderStatus(StrEnum):
    """How far a pre-order has come."""

    WAITING = "waiting"
    ORDERED = "ordered"
    ARRIVED = "arrived"
    RELEASED = "released"
    CANCELLED = "cancelled"


class PreOrder(SoftDeleted, Authored, TenantScoped, Base):
    """An order line that waits for goods which are not there yet."""

    __tablename__ = "order_item_pre_orders"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    order_item_id: Mapped[UUID]
    status: Mapped[PreOrderStatus] = mapped_column(server_default=PreOrderStatus.WAITING)
    category: Mapped[str | None]
    vendor: Mapped[str | None]
    hold_until: Mapped[date | None]
    processing_date: Mapped[date | None]
    reason: Mapped[str | None]
    notes: Mapped[str | None]

    order_item: Mapped[OrderItem] = parent(same_tenant("OrderItem.id", "PreOrder.order_item_id"), "pre_orders")

    __table_args__ = (line_of_order(), Index(None, "tenant_id", "order_item_id"), CurrentNewestFirst())


class CustomizationPaymentStatus(StrEnum):
    """How much of a customised piece is paid."""

    UNPAID = "unpaid"
    DEPOSIT_PAID = "deposit_paid"
    PAID = "paid"
    REFUNDED = "refunded"


class StepStatus(StrEnum):
    """How far a step of customisation has come."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REJECTED = "rejected"


class CheckStatus(StrEnum):
    """What the final check of a customised piece said."""

    PENDING = "pending"
    PASSED = "passed"
    FAILED = "failed"


class OrderItemCustomization(SoftDeleted, Authored, TenantScoped, Base):
    """The making of a customised order line: design, material, completion."""

    __tablename__ = "order_item_customization"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    order_item_id: Mapped[UUID]
    actual_amount: Mapped[Money | None]
    balance_due: Mapped[Money | None]
    payment_status: Mapped[CustomizationPaymentStatus] = mapped_column(server_default=CustomizationPaymentStatus.UNPAID)
    design_3d_image: Mapped[str | None]
    design_status: Mapped[StepStatus] = mapped_column(server_default=StepStatus.NOT_STARTED)
    design_time: Mapped[datetime | None]
    material_status: Mapped[StepStatus] = mapped_column(server_default=StepStatus.NOT_STARTED)
    material_time: Mapped[datetime | None]
    completion_status: Mapped[StepStatus] = mapped_column(server_default=StepStatus.NOT_STARTED)
    completion_time: Mapped[datetime | None]
    ship_date: Mapped[date | None]
    check_status: Mapped[CheckStatus] = mapped_column(server_default=CheckStatus.PENDING)
    third_party_brand: Mapped[str | None]

    order_item: Mapped[OrderItem] = parent(
        same_tenant("OrderItem.id", "OrderItemCustomization.order_item_id"), "customization"
    )

    __table_args__ = (
        line_of_order(),
        unique_in_tenant("order_item_id"),
        CurrentNewestFirst(),
        CheckConstraint("actual_amount >= 0", name="actual_amount"),
        CheckConstraint("balance_due >= 0", name="balance_due"),
    )
