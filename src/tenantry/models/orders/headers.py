"""Order headers: who ordered, where and for how much, what else is known about it, and payments."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.channels import PlatformPage
from tenantry.models.columns import (
    Count,
    JsonObject,
    NewestFirst,
    No,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.crm import Customer, Lead, PersonalAddress, Potential, ReengagedPerson
from tenantry.models.traits import (
    Authored,
    Created,
    Currency,
    CurrentNewestFirst,
    Money,
    SoftDeleted,
    unique_where_given,
)

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.orders.lines import OrderItem
    from tenantry.models.shipping import ShipmentOrder


class OrderStatus(StrEnum):
    """How far an order has come."""

    DRAFT = "draft"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    PROCESSING = "processing"
    ON_HOLD = "on_hold"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Order(SoftDeleted, Authored, TenantScoped, Base):
    """The header of an order."""

    __tablename__ = "orders"

    status: Mapped[OrderStatus] = mapped_column(server_default=OrderStatus.PENDING)
    ordered_at: Mapped[datetime] = mapped_column(server_default=func.now())
    total: Mapped[Money] = mapped_column(
        server_default="0", comment="what the customer pays: lines, shipping and taxes less discounts"
    )
    currency: Mapped[Currency]
    customer_id: Mapped[UUID | None] = reference("crm_customers")
    shipping_address_id: Mapped[UUID | None] = reference("crm_personal_addresses", on_delete="set null")
    billing_address_id: Mapped[UUID | None] = reference("crm_personal_addresses", on_delete="set null")
    external_order_id: Mapped[str | None] = mapped_column(comment="its number in the shop that it was placed in")
    store_code: Mapped[str | None] = mapped_column(comment="the store, as that shop knows it")
    channel_platform_page_id: Mapped[UUID | None] = reference("channels_platform_pages", on_delete="set null")
    customer_notes: Mapped[str | None]

    customer: Mapped[Customer | None] = parent(same_tenant("Customer.id", "Order.customer_id"), "orders")
    shipping_address: Mapped[PersonalAddress | None] = parent(
        same_tenant("PersonalAddress.id", "Order.shipping_address_id")
    )
    billing_address: Mapped[PersonalAddress | None] = parent(
        same_tenant("PersonalAddress.id", "Order.billing_address_id")
    )
    channel_platform_page: Mapped[PlatformPage | None] = parent(
        same_tenant("PlatformPage.id", "Order.channel_platform_page_id"), "orders"
    )
    items: Mapped[list["OrderItem"]] = children(same_tenant("Order.id", "OrderItem.order_id"), "order")
    payments: Mapped[list["OrderPayment"]] = children(same_tenant("Order.id", "OrderPayment.order_id"), "order")
    images: Mapped[list["OrderImage"]] = children(same_tenant("Order.id", "OrderImage.order_id"), "order")
    meta: Mapped["OrderMeta | None"] = children(same_tenant("Order.id", "OrderMeta.order_id"), "order", uselist=False)
    crm: Mapped["OrderMetaCrm | None"] = children(
        same_tenant("Order.id", "OrderMetaCrm.order_id"), "order", uselist=False
    )
    shipments: Mapped[list["ShipmentOrder"]] = children(same_tenant("Order.id", "ShipmentOrder.order_id"), "order")
    leads: Mapped[list[Lead]] = children(same_tenant("Order.id", "Lead.order_id"), "order")
    potentials: Mapped[list[Potential]] = children(
        same_tenant("Order.id", "Potential.converted_to_order_id"), "converted_to_order"
    )
    reengagements: Mapped[list[ReengagedPerson]] = children(
        same_tenant("Order.id", "ReengagedPerson.converted_order_id"), "converted_order"
    )

    __table_args__ = (
        unique_where_given("orders", "external_order_id"),
        CurrentNewestFirst("ordered_at"),
        NewestFirst("ordered_at", within=("tenant_id", "customer_id")),
        Index(
            "ix_orders_current_status", "tenant_id", "status", "ordered_at", postgresql_where=text("deleted_at IS NULL")
        ),
        CheckConstraint("total >= 0", name="total"),
    )


class OrderMeta(Authored, TenantScoped, Base):
    """Extra data of an order, whatever its channel sends."""

    __tablename__ = "orders_meta"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    order: Mapped[Order] = parent(same_tenant("Order.id", "OrderMeta.order_id"), "meta")

    __table_args__ = (
        unique_in_tenant("order_id"),
        Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
    )


class ApprovalStatus(StrEnum):
    """Whether an order is approved."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class FollowUpStatus(StrEnum):
    """Whether somebody has asked the customer how it went."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    NOT_NEEDED = "not_needed"


class OrderMetaCrm(TenantScoped, Base):
    """Who sold an order, and what the customer says about it."""

    __tablename__ = "order_meta_crm"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    sales_staff_id: Mapped[UUID | None] = member(on_delete="set null")
    referrer_staff_id: Mapped[UUID | None] = member(on_delete="set null")
    support_by: Mapped[str | None]
    social_review: Mapped[str | None]
    customer_feedback: Mapped[str | None]
    follow_up_status: Mapped[FollowUpStatus] = mapped_column(server_default=FollowUpStatus.PENDING)
    approval_status: Mapped[ApprovalStatus] = mapped_column(server_default=ApprovalStatus.PENDING)

    order: Mapped[Order] = parent(same_tenant("Order.id", "OrderMetaCrm.order_id"), "crm")
    sales_staff: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "OrderMetaCrm.sales_staff_id"))
    referrer_staff: Mapped["TenantUser | None"] = parent(
        same_tenant("TenantUser.user_id", "OrderMetaCrm.referrer_staff_id")
    )

    __table_args__ = (unique_in_tenant("order_id"),)


class OrderImage(SoftDeleted, Created, TenantScoped, Base):
    """An image or attachment of an order."""

    __tablename__ = "order_images"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    image_url: Mapped[str]
    image_type: Mapped[str | None]
    description: Mapped[str | None]
    sort_order: Mapped[Count]

    order: Mapped[Order] = parent(same_tenant("Order.id", "OrderImage.order_id"), "images")

    __table_args__ = (CurrentNewestFirst(),)


class PaymentStatus(StrEnum):
    """What became of a payment."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"


class OrderPayment(SoftDeleted, Authored, TenantScoped, Base):
    """A payment of an order."""

    __tablename__ = "order_payments"

    order_id: Mapped[UUID] = reference("orders", on_delete="cascade")
    payment_method: Mapped[str]
    amount: Mapped[Money]
    status: Mapped[PaymentStatus] = mapped_column(server_default=PaymentStatus.PENDING)
    transaction_id: Mapped[str | None] = mapped_column(comment="the payment provider's number")
    due_date: Mapped[datetime | None]
    paid_date: Mapped[datetime | None]
    is_deposit: Mapped[No]

    order: Mapped[Order] = parent(same_tenant("Order.id", "OrderPayment.order_id"), "payments")

    __table_args__ = (
        unique_where_given("order_payments", "transaction_id"),
        CurrentNewestFirst(),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status <> 'paid' OR paid_date IS NOT NULL", name="paid_date"),
    )
