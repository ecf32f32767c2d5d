"""Goods, orders and parcels: totals are the sum of their lines, and stock is what its movements leave."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from tenantry.seed import words
from tenantry.seed.company import Company
from tenantry.seed.plan import afterwards, recipe
from tenantry.seed.values import NOW, Row, money

_PRODUCTS: Final = 16
_ORDERS: Final = 24
_SHIPMENTS: Final = 10
_FIRST_RECEIPT: Final = 500
_SOLD: Final = ("shipped", "delivered", "completed")
_LINE_STATUS: Final = {"completed": "delivered", "delivered": "delivered", "shipped": "shipped"}


@recipe("warehouses")
def _warehouses(company: Company) -> Iterator[Row]:
    for city, _, country, _ in company.rng.sample(words.CITIES, 2):
        named = {"code": city[:3].upper(), "name": f"Warehouse {city}"}
        yield {**named, "city": city, "country": country, "status": "active", "created_at": company.founded}


@recipe("product_categories")
def _categories(company: Company) -> Iterator[Row]:
    for good in company.rng.sample(words.GOODS, 6):
        yield {"name": f"{good}s", "created_at": company.founded, "parent_id": None}


@recipe("products")
def _products(company: Company) -> Iterator[Row]:
    for number in range(_PRODUCTS):
        price = money(company.rng, 20, 900)
        name = " ".join(map(company.rng.choice, (words.QUALITIES, words.MATERIALS, words.GOODS)))
        yield {
            "name": name,
            "sku": f"{name[:3].upper()}-{number + 1:04}",
            "item_number": None,
            "certificate_number": None,
            "retail_price": price,
            "sale_price": (price * Decimal("0.9")).quantize(Decimal("0.01")),
            "created_at": company.founded,
        }


@recipe("product_variants")
def _variants(company: Company) -> Iterator[Row]:
    products = company.rows["products"]
    for number, (product, variant) in enumerate(zip(products[:4], products[4:8], strict=True), start=1):
        yield {
            "parent_product_id": product["id"],
            "variant_product_id": variant["id"],
            "variant_attribute": "size",
            "variant_value": company.rng.choice("SML"),
            "variant_sku": f"{product['sku']}-{number}",
        }


@recipe("product_set_items")
def _set_items(company: Company) -> Iterator[Row]:
    *_, a_set, first, second = company.rows["products"]
    for product in (first, second):
        yield {"set_product_id": a_set["id"], "item_product_id": product["id"], "quantity": 1}


@recipe("stock")
def _stock(company: Company) -> Iterator[Row]:
    """Empty shelves, which the movements fill."""
    warehouse = company.rows["warehouses"][0]["id"]
    for product in company.rows["products"]:
        yield {
            "product_id": product["id"],
            "variant_id": None,
            "warehouse_id": warehouse,
            "quantity": 0,
            "inbound": 0,
            "outbound": 0,
            "last_movement_at": None,
            "created_at": company.founded,
        }


@recipe("stock_movements")
def _movements(company: Company) -> Iterator[Row]:
    warehouse = company.rows["warehouses"][0]["id"]
    stocked = {shelf["product_id"]: shelf for shelf in company.rows["stock"]}
    for product in company.rows["products"]:
        cost = (product["retail_price"] / 2).quantize(Decimal("0.01"))
        yield _movement(product["id"], "receipt", _FIRST_RECEIPT) | {
            "to_warehouse_id": warehouse,
            "unit_cost": cost,
            "created_at": stocked[product["id"]]["created_at"],
        }
    orders = {order["id"]: order for order in company.rows["orders"]}
    for item in company.rows["order_items"]:
        order = orders[item["order_id"]]
        if order["status"] in _SOLD:
            yield _movement(item["product_id"], "sale", -item["quantity"]) | {
                "from_warehouse_id": warehouse,
                "order_id": order["id"],
                "order_line_item_id": item["id"],
                "created_at": order["created_at"],
            }


def _movement(product_id: str, kind: str, change: int) -> Row:
    return {
        "product_id": product_id,
        "variant_id": None,
        "movement_type": kind,
        "quantity_change": change,
        "from_warehouse_id": None,
        "to_warehouse_id": None,
        "order_id": None,
        "order_line_item_id": None,
        "shipment_id": None,
        "inbound_shipment_id": None,
        "outbound_shipment_id": None,
        "sku": None,
    }


@recipe("inventory_history")
def _counts(company: Company) -> Iterator[Row]:
    for shelf, product in zip(company.rows["stock"][:4], company.rows["products"], strict=False):
        yield {
            "product_id": product["id"],
            "stock_id": shelf["id"],
            "warehouse_id": shelf["warehouse_id"],
            "product_sku": product["sku"],
            "product_name": product["name"],
            "recorded_quantity": _FIRST_RECEIPT,
            "actual_quantity": _FIRST_RECEIPT - company.rng.randint(0, 2),
        }


@recipe("materials")
def _materials(company: Company) -> Iterator[Row]:
    for number, material in enumerate(company.rng.sample(words.MATERIALS, 5), start=1):
        yield {
            "sku": f"MAT-{number:03}",
            "name": material,
            "category": "stone" if number % 2 else "metal",
            "unit": "g",
            "conversion_factor": None,
            "created_at": company.founded,
        }


@recipe("material_stock")
def _material_stock(company: Company) -> Iterator[Row]:
    for material in company.rows["materials"]:
        yield {
            "material_id": material["id"],
            "material_variant_id": None,
            "warehouse_id": company.rows["warehouses"][0]["id"],
            **dict.fromkeys(("quantity", "total_converted_quantity", "inbound", "outbound"), 0),
            "last_counted_at": None,
            "created_at": company.founded,
        }


@recipe("material_history")
def _material_history(company: Company) -> Iterator[Row]:
    for shelf in company.rows["material_stock"]:
        for kind, low, high in (("stock_in", 400, 900), ("stock_out", -40, -1), ("reserve", 5, 50)):
            yield {
                "material_id": shelf["material_id"],
                "material_variant_id": None,
                "warehouse_id": shelf["warehouse_id"],
                "action_type": kind,
                "quantity_change": company.rng.randint(low, high),
                "created_at": company.since(company.founded),
            }


@recipe("crm_customers")
def _customers(company: Company) -> Iterator[Row]:
    for key in company.rows["crm_personal_keys"][:12]:
        yield {
            "personal_key_id": key["id"],
            "created_at": key["created_at"],
            "lifetime_value": Decimal(0),
            "paid_orders_count": 0,
            "last_order_at": None,
        }


@recipe("orders")
def _orders(company: Company) -> Iterator[Row]:
    addresses = {row["personal_key_id"]: row["id"] for row in company.rows["crm_personal_addresses"]}
    for _ in range(_ORDERS):
        customer = company.pick("crm_customers")
        at = company.since(customer["created_at"])
        yield {
            "customer_id": customer["id"],
            "shipping_address_id": addresses.get(customer["personal_key_id"]),
            "billing_address_id": addresses.get(customer["personal_key_id"]),
            "created_at": at,
            "ordered_at": at,
            "total": Decimal(0),
        }


@recipe("order_items")
def _order_items(company: Company) -> Iterator[Row]:
    for order in company.rows["orders"]:
        for product in company.rng.sample(company.rows["products"], company.rng.randint(1, 3)):
            quantity = company.rng.randint(1, 3)
            order["total"] += quantity * product["sale_price"]
            yield {
                "order_id": order["id"],
                "product_id": product["id"],
                "status": _LINE_STATUS.get(order["status"], "confirmed"),
                "quantity": quantity,
                "unit_price": product["sale_price"],
                "line_item_id": None,
                "created_at": order["created_at"],
            }


@recipe("order_payments")
def _payments(company: Company) -> Iterator[Row]:
    for order in company.rows["orders"]:
        if order["status"] in _SOLD:
            yield {
                "order_id": order["id"],
                "payment_method": company.rng.choice(("card", "transfer", "cash")),
                "amount": order["total"],
                "status": "paid",
                "paid_date": order["created_at"] + timedelta(hours=1),
                "is_deposit": False,
                "created_at": order["created_at"],
            }


@afterwards("order_payments")
def _count_customers(company: Company) -> None:
    customers = {customer["id"]: customer for customer in company.rows["crm_customers"]}
    for order in company.rows["orders"]:
        if order["status"] in _SOLD:
            customer = customers[order["customer_id"]]
            customer["lifetime_value"] += order["total"]
            customer["paid_orders_count"] += 1
            customer["last_order_at"] = max(customer["last_order_at"] or order["ordered_at"], order["ordered_at"])


@recipe("order_item_customization", "order_item_pre_orders", "order_items_after_sales")
def _particulars_of_items(company: Company) -> Iterator[Row]:
    for item in company.rng.sample(company.rows["order_items"], 4):
        yield {"order_id": item["order_id"], "order_item_id": item["id"], "created_at": item["created_at"]}


@recipe("fulfilment_shipments")
def _shipments(company: Company) -> Iterator[Row]:
    for number in range(_SHIPMENTS):
        at = company.since(company.founded)
        yield {"shipment_number": f"SHP-{number + 1:05}", "status": "delivered", "status_id": None, "created_at": at}


@recipe("shipment_orders")
def _shipment_orders(company: Company) -> Iterator[Row]:
    sold = [order for order in company.rows["orders"] if order["status"] in _SOLD]
    for shipment, order in zip(company.rows["fulfilment_shipments"], sold, strict=False):
        yield {"shipment_id": shipment["id"], "order_id": order["id"], "created_at": order["created_at"]}


@recipe("shipment_line_items")
def _shipment_items(company: Company) -> Iterator[Row]:
    parcels = {row["order_id"]: row["shipment_id"] for row in company.rows["shipment_orders"]}
    for item in company.rows["order_items"]:
        if item["order_id"] in parcels:
            yield {
                "shipment_id": parcels[item["order_id"]],
                "line_item_id": item["id"],
                "quantity": item["quantity"],
                "created_at": item["created_at"],
            }


@recipe("shipment_statuses")
def _shipment_statuses(company: Company) -> Iterator[Row]:
    for shipment in company.rows["fulfilment_shipments"]:
        yield {
            "shipment_id": shipment["id"],
            "code": shipment["status"],
            "name": shipment["status"].capitalize(),
            "is_active": True,
            "created_at": min(NOW, shipment["created_at"] + timedelta(days=2)),
        }


@recipe("logistic_items_inbound", "logistic_items_outbound")
def _logistic_items(company: Company) -> Iterator[Row]:
    for product in company.rng.sample(company.rows["products"], 4):
        yield {"product_id": product["id"], "sku": product["sku"], "movement_id": None}
