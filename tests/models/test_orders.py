from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from tests.models.shop import CHECK, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models import Base
from tenantry.models.orders import (
    AfterSalesCase,
    AfterSalesType,
    Order,
    OrderItem,
    OrderItemCustomization,
    OrderMeta,
    OrderPayment,
    PaymentStatus,
    PreOrder,
)

__all__ = ["open_shop"]


def test_external_numbers_are_unique_in_a_tenant_where_given(shop: Shop) -> None:
    number = name()
    shop.add(Order(), Order(), Order(external_order_id=number))
    shop.add(Order(external_order_id=number), seller=shop.other)
    with refused(UNIQUE):
        shop.add(Order(external_order_id=number))


def test_a_line_costs_what_its_pieces_cost(shop: Shop) -> None:
    with shop.at_work() as session:
        line = OrderItem(order=Order(), quantity=3, unit_price=Decimal("19.99"))
        session.add(line)
        session.flush()
        assert line.total_price == Decimal("59.97")
        line.quantity = 2
        session.flush()
        assert line.total_price == Decimal("39.98")


@pytest.mark.parametrize(
    "nonsense",
    [
        Order(total=-1),
        OrderItem(quantity=0, unit_price=1),
        OrderItem(quantity=1, unit_price=-1),
        OrderPayment(payment_method="card", amount=0),
        OrderPayment(payment_method="card", amount=1, status=PaymentStatus.PAID),
    ],
    ids=["total below zero", "no piece", "price below zero", "payment of nothing", "paid, but never"],
)
def test_sums_make_sense(shop: Shop, nonsense: Base) -> None:
    values = {key: value for key, value in vars(nonsense).items() if not key.startswith("_")}
    with shop.at_work() as session:
        order = Order()
        session.add(order)
        session.flush()
        if not isinstance(nonsense, Order):
            values["order_id"] = order.id
        session.add(type(nonsense)(**values))
        with refused(CHECK):
            session.flush()


def test_a_payment_may_come_before_it_is_due(shop: Shop) -> None:
    order = Order()
    due, paid = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    shop.add(
        OrderPayment(
            order=order, payment_method="bank", amount=5, status=PaymentStatus.PAID, due_date=due, paid_date=paid
        )
    )


def test_a_transaction_pays_once_and_many_have_no_number(shop: Shop) -> None:
    order, number = Order(), name()
    shop.add(order, *(OrderPayment(order=order, payment_method="cash", amount=1) for _ in range(2)))
    shop.add(OrderPayment(order_id=order.id, payment_method="card", amount=1, transaction_id=number))
    with refused(UNIQUE):
        shop.add(OrderPayment(order_id=order.id, payment_method="card", amount=1, transaction_id=number))


@pytest.mark.parametrize(
    "kind",
    [AfterSalesCase, PreOrder, OrderItemCustomization],
    ids=["after-sales", "pre-order", "customization"],
)
def test_what_happens_to_a_line_names_the_lines_own_order(shop: Shop, kind: type[Base]) -> None:
    ours, other = Order(), Order()
    line = OrderItem(order=ours, unit_price=1)
    shop.add(line, other)
    case = {"case_type": AfterSalesType.RETURN} if kind is AfterSalesCase else {}
    with refused(FOREIGN_KEY):
        shop.add(kind(order_id=other.id, order_item_id=line.id, **case))
    shop.add(kind(order_id=ours.id, order_item_id=line.id, **case))


def test_an_order_goes_with_all_that_is_its_own(shop: Shop) -> None:
    with shop.at_work() as session:
        order = Order(
            items=[OrderItem(unit_price=1)],
            meta=OrderMeta(metadata_={"source": "fair"}),
            payments=[OrderPayment(payment_method="cash", amount=1)],
        )
        session.add(order)
        session.flush()
        session.expunge_all()
        found = session.scalars(
            select(Order)
            .where(Order.id == order.id)
            .options(selectinload(Order.items), selectinload(Order.meta), selectinload(Order.payments))
        ).one()
        assert found.meta is not None
        assert found.meta.metadata_ == {"source": "fair"}
        assert found.items[0].order is found
        session.delete(found)
        session.flush()
        session.expunge_all()
        assert session.scalars(select(OrderItem).where(OrderItem.order_id == order.id)).all() == []


def test_an_order_has_one_row_of_extra_data(shop: Shop) -> None:
    order = Order(meta=OrderMeta())
    shop.add(order)
    with refused(UNIQUE):
        shop.add(OrderMeta(order_id=order.id))
