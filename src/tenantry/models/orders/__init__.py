"""Orders: their headers and lines, before and after they are sold."""

from tenantry.models.orders.headers import (
    ApprovalStatus,
    FollowUpStatus,
    Order,
    OrderImage,
    OrderMeta,
    OrderMetaCrm,
    OrderPayment,
    OrderStatus,
    PaymentStatus,
)
from tenantry.models.orders.lines import (
    AfterSalesCase,
    AfterSalesStatus,
    AfterSalesType,
    CheckStatus,
    CustomizationPaymentStatus,
    OrderItem,
    OrderItemCustomization,
    OrderItemStatus,
    PreOrder,
    PreOrderStatus,
    StepStatus,
)

__all__ = [
    "AfterSalesCase",
    "AfterSalesStatus",
    "AfterSalesType",
    "ApprovalStatus",
    "CheckStatus",
    "CustomizationPaymentStatus",
    "FollowUpStatus",
    "Order",
    "OrderImage",
    "OrderItem",
    "OrderItemCustomization",
    "OrderItemStatus",
    "OrderMeta",
    "OrderMetaCrm",
    "OrderPayment",
    "OrderStatus",
    "PaymentStatus",
    "PreOrder",
    "PreOrderStatus",
    "StepStatus",
]
