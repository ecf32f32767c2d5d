import uuid
from decimal import Decimal

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session, selectinload
from tests.models.shop import CHECK, CONNECTIONS, FORBIDDEN, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.products import (
    Material,
    MaterialAction,
    MaterialHistory,
    MaterialStock,
    MaterialVariant,
    MovementType,
    Product,
    ProductCategory,
    ProductSetItem,
    ProductVariant,
    Stock,
    StockMovement,
    Warehouse,
)

__all__ = ["open_shop"]


def product(**values: object) -> Product:
    return Product(**{"sku": name(), "name": "Ring"} | values)


def warehouse() -> Warehouse:
    return Warehouse(code=name(), name="Hall")


# The catalogue.


@pytest.mark.parametrize("number", ["sku", "item_number", "certificate_number"])
def test_numbers_of_products_are_unique_in_a_tenant(shop: Shop, number: str) -> None:
    value = name()
    shop.add(product(**{number: value}), product(), product())
    shop.add(product(**{number: value}), seller=shop.other)
    with refused(UNIQUE):
        shop.add(product(**{number: value}))


def test_a_category_is_not_below_itself(shop: Shop) -> None:
    with shop.at_work() as session:
        top, middle, bottom = (ProductCategory(name=name()) for _ in range(3))
        middle.parent_category, bottom.parent_category = top, middle
        session.add(bottom)
        session.flush()
        top.parent_id = bottom.id
        with refused(CHECK):
            session.flush()


def test_a_tree_is_read_downwards_and_upwards(shop: Shop) -> None:
    with shop.at_work() as session:
        top = ProductCategory(name=name(), subcategories=[ProductCategory(name=name()) for _ in range(2)])
        session.add(top)
        session.flush()
        session.expunge_all()
        found = session.scalars(
            select(ProductCategory)
            .where(ProductCategory.id == top.id)
            .options(selectinload(ProductCategory.subcategories))
        ).one()
        assert len(found.subcategories) == 2
        assert {below.parent_category for below in found.subcategories} == {found}


def test_no_cycle_is_made_of_halves_that_come_at_once(shop: Shop) -> None:
    ring = [ProductCategory(name=name()) for _ in range(CONNECTIONS)]
    shop.add(*ring)

    def hang(session: Session, number: int) -> None:
        above = ring[(number + 1) % CONNECTIONS].id
        session.execute(update(ProductCategory).where(ProductCategory.id == ring[number].id).values(parent_id=above))

    assert sorted(shop.at_once(hang), key=str) == [CHECK, *[None] * (CONNECTIONS - 1)]


def test_a_set_is_not_part_of_itself(shop: Shop) -> None:
    with shop.at_work() as session:
        box, tray, ring = (product() for _ in range(3))
        session.add_all([box, tray, ring])
        session.flush()
        session.add(ProductSetItem(set_product_id=box.id, item_product_id=tray.id))
        session.add(ProductSetItem(set_product_id=tray.id, item_product_id=ring.id))
        session.add(ProductSetItem(set_product_id=box.id, item_product_id=ring.id))
        session.flush()
        session.add(ProductSetItem(set_product_id=ring.id, item_product_id=box.id))
        with refused(CHECK):
            session.flush()


# The inventory.


@pytest.fixture
def ring(shop: Shop) -> Product:
    made = product()
    shop.add(made)
    return made


@pytest.fixture
def halls(shop: Shop) -> tuple[Warehouse, Warehouse]:
    made = warehouse(), warehouse()
    shop.add(*made)
    return made


def received(ring: Product, hall: Warehouse, pieces: int, **values: object) -> StockMovement:
    return StockMovement(
        movement_type=MovementType.RECEIPT,
        product_id=ring.id,
        to_warehouse_id=hall.id,
        quantity_change=pieces,
        **values,
    )


def sold(ring: Product, hall: Warehouse, pieces: int = 1) -> StockMovement:
    return StockMovement(
        movement_type=MovementType.SALE, product_id=ring.id, from_warehouse_id=hall.id, quantity_change=-pieces
    )


def moved(ring: Product, source: Warehouse, target: Warehouse, pieces: int = 1) -> StockMovement:
    return StockMovement(
        movement_type=MovementType.TRANSFER,
        product_id=ring.id,
        from_warehouse_id=source.id,
        to_warehouse_id=target.id,
        quantity_change=pieces,
    )


def held(shop: Shop, ring: Product, hall: Warehouse) -> list[int]:
    query = select(Stock.quantity).where(Stock.product_id == ring.id, Stock.warehouse_id == hall.id)
    with shop.at_work() as session:
        return list(session.scalars(query))


def test_a_movement_changes_the_stock_and_says_so(
    shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]
) -> None:
    hall, other = halls
    with shop.at_work() as session:
        first, second, third = received(ring, hall, 5), sold(ring, hall, 2), moved(ring, hall, other, 3)
        for movement in (first, second, third):
            session.add(movement)
            session.flush()
        session.commit()
        assert (first.quantity_before, first.quantity_after) == (0, 5)
        assert (second.quantity_before, second.quantity_after) == (5, 3)
        assert (third.quantity_before, third.quantity_after) == (0, 3)
    assert (held(shop, ring, hall), held(shop, ring, other)) == ([0], [3])


def test_stock_never_falls_below_zero(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(received(ring, halls[0], 1))
    for movement in (sold(ring, halls[0], 2), moved(ring, halls[0], halls[1], 2), sold(ring, halls[1])):
        with refused(CHECK, "insufficient stock"):
            shop.add(movement)
    assert (held(shop, ring, halls[0]), held(shop, ring, halls[1])) == ([1], [])


@pytest.mark.parametrize(
    "movement",
    [(0, None, 1), (None, 0, -1), (None, 0, 0), (0, 0, 1), (0, 1, -1), (None, None, 1)],
    ids=["out is negative", "in is positive", "nothing", "onto itself", "between is positive", "nowhere"],
)
def test_a_movement_has_one_direction(
    shop: Shop,
    ring: Product,
    halls: tuple[Warehouse, Warehouse],
    movement: tuple[int | None, int | None, int],
) -> None:
    source, target, change = movement
    shop.add(received(ring, halls[0], 9), received(ring, halls[1], 9))
    with refused(CHECK):
        shop.add(
            StockMovement(
                movement_type=MovementType.ADJUSTMENT,
                product_id=ring.id,
                from_warehouse_id=None if source is None else halls[source].id,
                to_warehouse_id=None if target is None else halls[target].id,
                quantity_change=change,
            )
        )


def test_stock_made_at_once_is_one_row_and_exact(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    def receive(session: Session, number: int) -> None:
        session.add(received(ring, halls[0], number + 1))
        session.flush()

    assert shop.at_once(receive) == [None] * CONNECTIONS
    assert held(shop, ring, halls[0]) == [sum(range(1, CONNECTIONS + 1))]


def test_the_last_pieces_are_sold_once(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(received(ring, halls[0], 5))

    def sell(session: Session, _: int) -> None:
        session.add(sold(ring, halls[0]))
        session.flush()

    assert sorted(shop.at_once(sell), key=str) == [CHECK] * (CONNECTIONS - 5) + [None] * 5
    assert held(shop, ring, halls[0]) == [0]


def test_opposite_transfers_do_not_wait_for_each_other(
    shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]
) -> None:
    shop.add(received(ring, halls[0], 20), received(ring, halls[1], 20))

    def swap(session: Session, number: int) -> None:
        session.add(moved(ring, halls[number % 2], halls[(number + 1) % 2]))
        session.flush()

    assert shop.at_once(swap) == [None] * CONNECTIONS
    assert (held(shop, ring, halls[0]), held(shop, ring, halls[1])) == ([20], [20])


def test_a_variant_has_stock_of_its_own_product(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    size, other = product(), product()
    shop.add(size, other)
    variant = ProductVariant(
        parent_product_id=ring.id, variant_product_id=size.id, variant_attribute="size", variant_value="7"
    )
    shop.add(variant)
    shop.add(received(ring, halls[0], 1), received(ring, halls[0], 2, variant_id=variant.id))
    assert sorted(held(shop, ring, halls[0])) == [1, 2]
    with refused(FOREIGN_KEY):
        shop.add(received(other, halls[0], 1, variant_id=variant.id))


def test_stock_is_written_by_its_movements_alone(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(received(ring, halls[0], 1))
    with shop.at_work() as session, refused(FORBIDDEN):
        session.execute(update(Stock).values(quantity=1000))
    with shop.at_work() as session, refused(FORBIDDEN):
        session.add(Stock(product_id=ring.id, warehouse_id=halls[1].id, quantity=1000))
        session.flush()
    with shop.at_work() as session, refused(FORBIDDEN):
        session.execute(update(StockMovement).values(quantity_change=1000))


def test_a_viewer_moves_nothing(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    with shop.at_work(user_id=shop.seller.viewer) as session, refused(FORBIDDEN):
        session.add(received(ring, halls[0], 1))
        session.flush()
    with shop.at_work(user_id=shop.seller.viewer) as session, refused(FORBIDDEN):
        session.execute(select(func.expect_stock(halls[0].id, ring.id, 1)))


def test_stock_of_another_tenant_is_out_of_reach(shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(received(ring, halls[0], 1))
    with shop.at_work(shop.other) as session, refused(FOREIGN_KEY):
        session.add(received(ring, halls[0], 1))
        session.flush()
    with shop.at_work(shop.other) as session, refused(FORBIDDEN):
        session.add(received(ring, halls[0], 1, tenant_id=shop.seller.tenant_id))
        session.flush()
    assert held(shop, ring, halls[0]) == [1]


def test_what_is_expected_is_exact_and_never_below_zero(
    shop: Shop, ring: Product, halls: tuple[Warehouse, Warehouse]
) -> None:
    expect = text("SELECT inbound, outbound FROM expect_stock(:hall, :ring, :inbound, :outbound)")
    given = {"hall": halls[0].id, "ring": ring.id}

    def promise(session: Session, number: int) -> None:
        session.execute(expect, given | {"inbound": number, "outbound": 1})

    assert shop.at_once(promise) == [None] * CONNECTIONS
    with shop.at_work() as session:
        found = session.execute(expect, given | {"inbound": 0, "outbound": 0}).one()
        assert found == (sum(range(CONNECTIONS)), CONNECTIONS)
        with refused(CHECK):
            session.execute(expect, given | {"inbound": 0, "outbound": -1 - CONNECTIONS})


# The materials.


@pytest.fixture
def silver(shop: Shop) -> Material:
    made = Material(sku=name(), name="Silver", category="metal", conversion_factor=Decimal(2))
    shop.add(made)
    return made


def used(silver: Material, hall: Warehouse, action: MaterialAction, amount: int) -> MaterialHistory:
    return MaterialHistory(material_id=silver.id, warehouse_id=hall.id, action_type=action, quantity_change=amount)


def material_held(shop: Shop, material_id: uuid.UUID) -> list[tuple[int, int, int]]:
    query = select(MaterialStock.quantity, MaterialStock.total_converted_quantity, MaterialStock.outbound)
    with shop.at_work() as session:
        rows = session.execute(query.where(MaterialStock.material_id == material_id))
        return [(int(quantity), int(converted), int(outbound)) for quantity, converted, outbound in rows]


def test_an_entry_changes_the_stock_and_says_so(
    shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]
) -> None:
    with shop.at_work() as session:
        entry = used(silver, halls[0], MaterialAction.STOCK_IN, 10)
        session.add(entry)
        session.flush()
        assert (entry.field_name, entry.old_value, entry.new_value) == ("quantity", "0.00", "10.00")
        assert entry.material_stock_id is not None
        session.commit()
    shop.add(used(silver, halls[0], MaterialAction.RESERVE, 4))
    shop.add(used(silver, halls[0], MaterialAction.UNRESERVE, -1), used(silver, halls[0], MaterialAction.STOCK_OUT, -3))
    assert material_held(shop, silver.id) == [(7, 14, 3)]


def test_material_never_falls_below_zero(shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(used(silver, halls[0], MaterialAction.STOCK_IN, 1))
    for action in (MaterialAction.STOCK_OUT, MaterialAction.UNRESERVE, MaterialAction.STOCK_ADJUST):
        with refused(CHECK, "insufficient material"):
            shop.add(used(silver, halls[0], action, -2))
    assert material_held(shop, silver.id) == [(1, 2, 0)]


def test_a_description_changes_no_stock(shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]) -> None:
    shop.add(MaterialHistory(material_id=silver.id, action_type=MaterialAction.UPDATE, field_name="name"))
    assert material_held(shop, silver.id) == []
    for nonsense in (
        used(silver, halls[0], MaterialAction.UPDATE, 1),
        used(silver, halls[0], MaterialAction.STOCK_IN, -1),
        MaterialHistory(material_id=silver.id, action_type=MaterialAction.STOCK_IN),
    ):
        with refused(CHECK):
            shop.add(nonsense)


def test_material_received_at_once_is_one_row_and_exact(
    shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]
) -> None:
    def receive(session: Session, number: int) -> None:
        if number == 0:
            session.execute(update(Material).where(Material.id == silver.id).values(conversion_factor=3))
        else:
            session.add(used(silver, halls[0], MaterialAction.STOCK_IN, number))
            session.flush()

    assert shop.at_once(receive) == [None] * CONNECTIONS
    total = sum(range(CONNECTIONS))
    assert material_held(shop, silver.id) == [(total, 3 * total, 0)]


def test_a_variants_stock_is_its_own(shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]) -> None:
    wire = MaterialVariant(material_id=silver.id, sku=name(), name="Wire", unit="m", conversion_factor=Decimal("0.5"))
    shop.add(wire)
    shop.add(
        MaterialHistory(
            material_variant_id=wire.id,
            warehouse_id=halls[0].id,
            action_type=MaterialAction.STOCK_IN,
            quantity_change=Decimal(8),
        )
    )
    assert material_held(shop, silver.id) == []
    with shop.at_work() as session:
        found = session.scalars(select(MaterialStock).where(MaterialStock.material_variant_id == wire.id)).one()
        assert (found.quantity, found.total_converted_quantity) == (Decimal(8), Decimal(4))
        session.execute(update(MaterialVariant).where(MaterialVariant.id == wire.id).values(conversion_factor=1))
        session.refresh(found)
        assert found.total_converted_quantity == 8


def test_material_is_expected(shop: Shop, silver: Material, halls: tuple[Warehouse, Warehouse]) -> None:
    expect = text("SELECT inbound FROM expect_material(:hall, :material, NULL, :inbound)")
    given = {"hall": halls[0].id, "material": silver.id}
    with shop.at_work() as session:
        assert session.scalar(expect, given | {"inbound": Decimal("2.5")}) == Decimal("2.5")
        with refused(CHECK):
            session.execute(expect, given | {"inbound": -3})
    with shop.at_work() as session, refused(FORBIDDEN):
        session.execute(update(MaterialStock).values(quantity=1000))
