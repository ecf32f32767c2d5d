from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload
from tests.models.shop import CHECK, CONNECTIONS, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.orders import Order, OrderItem
from tenantry.models.shipping import (
    FulfilmentBatch,
    FulfilmentShipment,
    LogisticInbound,
    LogisticOutbound,
    LogisticVendor,
    ShipmentLineItem,
    ShipmentOrder,
    ShipmentStatus,
)

__all__ = ["open_shop"]


def parcel() -> FulfilmentShipment:
    return FulfilmentShipment(shipment_number=name())


def shown(session: Session, shipment: FulfilmentShipment) -> str | None:
    return session.scalar(
        select(ShipmentStatus.code)
        .join(FulfilmentShipment, FulfilmentShipment.status_id == ShipmentStatus.id)
        .where(FulfilmentShipment.id == shipment.id)
    )


def test_a_parcel_shows_the_newest_status_that_holds(shop: Shop) -> None:
    box = parcel()
    shop.add(box)
    lost = ShipmentStatus(shipment_id=box.id, code="lost", name="Lost")
    shop.add(ShipmentStatus(shipment_id=box.id, code="sent", name="Sent"))
    shop.add(lost)
    with shop.at_work() as session:
        assert shown(session, box) == "lost"
        found = session.get_one(ShipmentStatus, (lost.tenant_id, lost.id))
        found.is_active = False
        session.flush()
        assert shown(session, box) == "sent"


def test_a_parcel_shows_one_of_the_statuses_that_come_at_once(shop: Shop) -> None:
    box = parcel()
    shop.add(box)

    def report(session: Session, number: int) -> None:
        session.add(ShipmentStatus(shipment_id=box.id, code=str(number), name="Scanned"))
        session.flush()

    assert shop.at_once(report) == [None] * CONNECTIONS
    with shop.at_work() as session:
        newest = select(ShipmentStatus.code).where(ShipmentStatus.shipment_id == box.id)
        newest = newest.order_by(ShipmentStatus.created_at.desc(), ShipmentStatus.id.desc()).limit(1)
        assert shown(session, box) == session.scalar(newest)


def test_a_parcel_is_reached_from_its_orders_and_its_batch(shop: Shop) -> None:
    with shop.at_work() as session:
        order = Order(items=[OrderItem(unit_price=1, quantity=2)])
        box = parcel()
        box.batch = FulfilmentBatch(name="Monday")
        box.orders = [ShipmentOrder(order=order)]
        box.lines = [ShipmentLineItem(order_item=order.items[0], quantity=1)]
        session.add(box)
        session.flush()
        session.expunge_all()
        found = session.scalars(
            select(Order)
            .where(Order.id == order.id)
            .options(
                selectinload(Order.shipments).joinedload(ShipmentOrder.shipment).joinedload(FulfilmentShipment.batch),
                selectinload(Order.items).selectinload(OrderItem.shipment_lines),
            )
        ).one()
        batch = found.shipments[0].shipment.batch
        assert batch is not None
        assert batch.name == "Monday"
        assert found.items[0].shipment_lines[0].quantity == 1


def test_numbers_of_parcels_and_codes_of_transports_are_unique_in_a_tenant(shop: Shop) -> None:
    code = name()
    for seller in (shop.seller, shop.other):
        shop.add(
            FulfilmentShipment(shipment_number=code),
            LogisticVendor(code=code, name="Carrier"),
            LogisticInbound(code=code),
            LogisticOutbound(code=code),
            seller=seller,
        )
    for twin in (
        FulfilmentShipment(shipment_number=code),
        LogisticVendor(code=code, name="Carrier"),
        LogisticInbound(code=code),
        LogisticOutbound(code=code),
    ):
        with refused(UNIQUE):
            shop.add(twin)


def test_what_leaves_is_found_where_it_arrives(shop: Shop) -> None:
    with shop.at_work() as session:
        arrival = LogisticInbound(code=name(), outbound=LogisticOutbound(code=name()))
        session.add(arrival)
        session.flush()
        session.expunge_all()
        found = session.scalars(
            select(LogisticInbound)
            .where(LogisticInbound.id == arrival.id)
            .options(joinedload(LogisticInbound.outbound).selectinload(LogisticOutbound.inbounds))
        ).one()
        assert found.outbound is not None
        assert found.outbound.inbounds == [found]


def test_no_parcel_holds_less_than_a_piece(shop: Shop) -> None:
    line = OrderItem(order=Order(), unit_price=1)
    box = parcel()
    shop.add(line, box)
    with refused(CHECK):
        shop.add(ShipmentLineItem(shipment_id=box.id, line_item_id=line.id, quantity=0))
