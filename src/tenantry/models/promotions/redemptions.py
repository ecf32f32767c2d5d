"""Redemptions: every use of a promotion, within its limits however many come at once."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import AppendOnly, Base, TenantScoped
from tenantry.models.columns import JsonObject, NewestFirst, parent, reference, same_tenant
from tenantry.models.promotions.offers import Promotion, PromotionCode
from tenantry.models.routines import function
from tenantry.models.traits import Money

if TYPE_CHECKING:
    from tenantry.models.crm import Customer
    from tenantry.models.orders import Order

function(
    "redeem_promotion",
    returns="trigger",
    language="plpgsql",
    security="definer",
    comment="Trigger: counts a redemption of a promotion and of its code, within the limits of both.",
)


class PromotionRedemption(AppendOnly, TenantScoped, Base):
    """A use of a promotion, for good."""

    __tablename__ = "mkt_promotion_redemptions"

    promotion_id: Mapped[UUID] = reference("mkt_promotions")
    code_id: Mapped[UUID | None] = reference("mkt_promotion_codes")
    order_id: Mapped[UUID | None] = reference("orders")
    customer_id: Mapped[UUID | None] = reference("crm_customers")
    discount_amount: Mapped[Money] = mapped_column(server_default="0")
    original_order_total: Mapped[Money | None]
    final_order_total: Mapped[Money | None]
    discount_breakdown: Mapped[JsonObject]
    platform_order_id: Mapped[str | None] = mapped_column(comment="the order's id on the shop's platform")
    platform_discount_application_id: Mapped[str | None]
    redeemed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    promotion: Mapped[Promotion] = parent(
        same_tenant("Promotion.id", "PromotionRedemption.promotion_id"), "redemptions"
    )
    code: Mapped[PromotionCode | None] = parent(
        same_tenant("PromotionCode.id", "PromotionRedemption.code_id"), "redemptions"
    )
    order: Mapped["Order | None"] = parent(same_tenant("Order.id", "PromotionRedemption.order_id"))
    customer: Mapped["Customer | None"] = parent(same_tenant("Customer.id", "PromotionRedemption.customer_id"))

    __table_args__ = (
        # an order that is reported twice is discounted once
        Index(
            "uq_mkt_promotion_redemptions_order_id",
            "tenant_id",
            "order_id",
            "promotion_id",
            "code_id",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "tenant_id", "promotion_id", "customer_id"),
        NewestFirst("redeemed_at"),
        NewestFirst("redeemed_at", within=("tenant_id", "customer_id")),
        CheckConstraint(
            "discount_amount >= 0 AND original_order_total >= 0 AND final_order_total >= 0", name="amounts"
        ),
        CheckConstraint("final_order_total <= original_order_total", name="totals"),
        # after, so that a row that ON CONFLICT leaves out is not counted
        Trigger("redeem_promotion", after="insert", execute="redeem_promotion()"),
    )
