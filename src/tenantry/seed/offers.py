"""Promotions that are complete by their kind, and redemptions of orders that there are."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Final

from tenantry.seed import words
from tenantry.seed.company import Company
from tenantry.seed.plan import recipe
from tenantry.seed.values import NOW, Row

_PROMOTIONS: Final = 5
_DISCOUNT: Final = Decimal("0.1")


@recipe("mkt_promotions")
def _promotions(company: Company) -> Iterator[Row]:
    for number in range(_PROMOTIONS):
        yield {
            "name": company.rng.choice(words.TOPICS),
            "code": f"{company.rng.choice(words.WORDS).upper()}{number + 1}",
            "type": "percentage",
            "status": "active",
            "is_active": True,
            "percentage_value": 10,
            "starts_at": company.founded,
            "ends_at": NOW + timedelta(days=90),
            "usage_limit": None,
            "usage_limit_per_customer": None,
            "used_count": 0,
            "revenue": 0,
            "created_at": company.founded,
        }


@recipe("mkt_promotion_codes")
def _codes(company: Company) -> Iterator[Row]:
    for number, promotion in enumerate(company.rows["mkt_promotions"], start=1):
        yield {
            "promotion_id": promotion["id"],
            "code": f"{promotion['code']}-{number:03}",
            "status": "active",
            "usage_limit": None,
            "used_count": 0,
            "assigned_to_customer_id": None,
            "expires_at": promotion["ends_at"],
            "created_at": promotion["created_at"],
        }


@recipe("mkt_promotion_rules")
def _rules(company: Company) -> Iterator[Row]:
    for promotion in company.rows["mkt_promotions"]:
        yield {
            "promotion_id": promotion["id"],
            "kind": "discount",
            "discount_type": "percentage",
            "discount_value": 10,
            "apply_to": "order",
            "created_at": promotion["created_at"],
        }


@recipe("mkt_promotion_redemptions")
def _redemptions(company: Company) -> Iterator[Row]:
    codes = company.rows["mkt_promotion_codes"]
    for order in company.rng.sample(company.rows["orders"], 10):
        code = company.rng.choice(codes)
        discount = (order["total"] * _DISCOUNT).quantize(Decimal("0.01"))
        yield {
            "promotion_id": code["promotion_id"],
            "code_id": code["id"],
            "order_id": order["id"],
            "customer_id": order["customer_id"],
            "discount_amount": discount,
            "original_order_total": order["total"],
            "final_order_total": order["total"] - discount,
            "redeemed_at": order["created_at"],
            "created_at": order["created_at"],
        }


@recipe("mkt_promotion_exclusions")
def _exclusions(company: Company) -> Iterator[Row]:
    for promotion in company.rows["mkt_promotions"][:2]:
        yield {
            "promotion_id": promotion["id"],
            "product_id": company.pick("products")["id"],
            "category_id": None,
            "attribute_id": None,
        }


@recipe("mkt_promotion_products")
def _products(company: Company) -> Iterator[Row]:
    for promotion in company.rows["mkt_promotions"]:
        yield {
            "promotion_id": promotion["id"],
            "product_id": company.pick("products")["id"],
            "variant_id": None,
            "override_price": None,
            "price_override_type": None,
        }


@recipe("mkt_campaigns")
def _campaigns(company: Company) -> Iterator[Row]:
    for topic in company.rng.sample(words.TOPICS, 4):
        budget = company.rng.randint(1_000, 9_000)
        reach = company.rng.randint(2_000, 20_000)
        yield {
            "name": topic,
            "budget": budget,
            "spent": budget * company.rng.randint(20, 95) // 100,
            "impressions": 2 * reach,
            "reach": reach,
            "clicks": reach // 20,
            "conversions": reach // 400,
        }


@recipe("mkt_asset_folders")
def _folders(company: Company) -> Iterator[Row]:
    for name in ("Photos", "Logos", "Documents"):
        yield {"name": name, "created_at": company.founded, "parent_folder_id": None}


@recipe("mkt_brand_settings")
def _brand(company: Company) -> Iterator[Row]:
    yield {
        "slogan": f"{company.name}: made to last",
        "tagline": "Good things take time",
        "vision": "Fewer things, and better ones.",
        "created_at": company.founded,
    }
