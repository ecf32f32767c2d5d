"""Promotions: every use is counted, and none goes beyond the limits of a promotion or a code."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Row, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from tests.models.office import hired, new_customer
from tests.models.shop import CHECK, CONNECTIONS, FORBIDDEN, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.orders import Order
from tenantry.models.promotions import (
    CodeStatus,
    DiscountTarget,
    DiscountType,
    Promotion,
    PromotionCode,
    PromotionExclusion,
    PromotionRedemption,
    PromotionRule,
    PromotionType,
    Requirement,
    Reward,
    RuleKind,
    ThresholdType,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def new_promotion(shop: Shop, **columns: Any) -> Promotion:
    promotion = Promotion(name=name(), type=PromotionType.PERCENTAGE, percentage_value=10, **columns)
    shop.add(promotion)
    return promotion


def new_code(shop: Shop, promotion: Promotion, **columns: Any) -> PromotionCode:
    code = PromotionCode(promotion_id=promotion.id, code=name(), **columns)
    shop.add(code)
    return code


def figures(shop: Shop, promotion: Promotion) -> Row[Any]:
    """What the promotion says of its redemptions, and how many there are."""
    with shop.at_work() as session:
        return session.execute(
            text(
                "SELECT used_count, revenue, (SELECT count(*) FROM mkt_promotion_redemptions WHERE promotion_id = :id)"
                " FROM mkt_promotions WHERE id = :id"
            ),
            {"id": promotion.id},
        ).one()


def test_a_redemption_is_counted_with_what_it_brought(shop: Shop) -> None:
    promotion = new_promotion(shop)
    code = new_code(shop, promotion)
    for total in (90, 45):
        shop.add(PromotionRedemption(promotion_id=promotion.id, code_id=code.id, final_order_total=total))
    assert tuple(figures(shop, promotion)) == (2, 135, 2)
    with shop.at_work() as session:
        found = session.get_one(PromotionCode, (shop.seller.tenant_id, code.id))
        assert found.used_count == 2
        assert found.first_used_at is not None
        assert found.last_used_at is not None
        assert found.first_used_at < found.last_used_at


def test_a_promotion_is_redeemed_as_often_as_its_limit_says(shop: Shop) -> None:
    promotion = new_promotion(shop, usage_limit=5)
    outcomes = shop.at_once(lambda session, _: session.add(PromotionRedemption(promotion_id=promotion.id)))
    assert sorted(outcomes, key=str) == [CHECK] * (CONNECTIONS - 5) + [None] * 5
    assert tuple(figures(shop, promotion)) == (5, 0, 5)


def test_a_customer_redeems_a_promotion_as_often_as_anybody_may(shop: Shop) -> None:
    promotion = new_promotion(shop, usage_limit_per_customer=2)
    customers = [new_customer(shop) for _ in range(4)]

    def redeem(session: Session, number: int) -> None:
        session.add(PromotionRedemption(promotion_id=promotion.id, customer_id=customers[number % 4]))

    outcomes = shop.at_once(redeem)
    assert [outcomes[customer::4].count(None) for customer in range(4)] == [2, 2, 2, 2]
    assert set(outcomes) == {None, CHECK}
    assert figures(shop, promotion).used_count == 8


def test_whoever_is_unknown_is_taken_for_one_customer(shop: Shop) -> None:
    promotion = new_promotion(shop, usage_limit_per_customer=1)
    shop.add(PromotionRedemption(promotion_id=promotion.id))
    with refused(CHECK):
        shop.add(PromotionRedemption(promotion_id=promotion.id))


def test_many_redemptions_in_one_statement_keep_to_the_limits(shop: Shop) -> None:
    promotion = new_promotion(shop, usage_limit=2)
    with shop.at_work() as session:
        session.add_all(PromotionRedemption(promotion_id=promotion.id) for _ in range(3))
        with refused(CHECK):
            session.flush()


def test_a_code_is_redeemed_as_often_as_its_limit_says(shop: Shop) -> None:
    promotion = new_promotion(shop)
    code = new_code(shop, promotion, usage_limit=1)
    outcomes = shop.at_once(
        lambda session, _: session.add(PromotionRedemption(promotion_id=promotion.id, code_id=code.id))
    )
    assert sorted(outcomes, key=str) == [CHECK] * (CONNECTIONS - 1) + [None]
    # what was refused for its code does not count for the promotion
    assert figures(shop, promotion).used_count == 1


@pytest.mark.parametrize(
    "columns",
    [{"status": CodeStatus.REVOKED}, {"status": CodeStatus.EXPIRED}, {"expires_at": LONG_AGO}],
    ids=["revoked", "expired", "too late"],
)
def test_a_code_that_is_over_is_not_redeemed(shop: Shop, columns: dict[str, Any]) -> None:
    promotion = new_promotion(shop)
    code = new_code(shop, promotion, **columns)
    with refused(CHECK):
        shop.add(PromotionRedemption(promotion_id=promotion.id, code_id=code.id))


def test_a_code_redeems_its_own_promotion_for_its_own_customer(shop: Shop) -> None:
    promotion, customer = new_promotion(shop), new_customer(shop)
    code = new_code(shop, promotion, assigned_to_customer_id=customer)
    for wrong in (
        {"promotion_id": new_promotion(shop).id, "customer_id": customer},
        {"promotion_id": promotion.id, "customer_id": new_customer(shop)},
        {"promotion_id": promotion.id},
    ):
        with refused(CHECK):
            shop.add(PromotionRedemption(code_id=code.id, **wrong))
    shop.add(PromotionRedemption(code_id=code.id, promotion_id=promotion.id, customer_id=customer))


def test_a_limit_is_not_lowered_below_what_was_redeemed(shop: Shop) -> None:
    promotion = new_promotion(shop)
    for _ in range(2):
        shop.add(PromotionRedemption(promotion_id=promotion.id))
    limit = update(Promotion).where(Promotion.id == promotion.id)
    with shop.at_work() as session:
        session.execute(limit.values(usage_limit=2))
        with refused(CHECK):
            session.execute(limit.values(usage_limit=1))


def test_an_order_that_is_reported_twice_is_counted_once(shop: Shop) -> None:
    promotion = new_promotion(shop)
    order = Order()
    shop.add(order)
    report = insert(PromotionRedemption).values(promotion_id=promotion.id, order_id=order.id)
    with shop.at_work() as session:
        session.execute(report)
        session.execute(report.on_conflict_do_nothing())
        session.commit()
    assert figures(shop, promotion).used_count == 1
    with refused(UNIQUE):
        shop.add(PromotionRedemption(promotion_id=promotion.id, order_id=order.id))
    code = new_code(shop, promotion)
    shop.add(PromotionRedemption(promotion_id=promotion.id, order_id=order.id, code_id=code.id))


@pytest.mark.parametrize("change", [update(PromotionRedemption).values(discount_amount=0), delete(PromotionRedemption)])
def test_a_redemption_is_for_good(shop: Shop, change: Any) -> None:
    shop.add(PromotionRedemption(promotion_id=new_promotion(shop).id))
    with hired(shop).at_work() as session, refused(FORBIDDEN):
        session.execute(change)
    with Session(shop.superuser) as session, refused(FORBIDDEN):
        session.execute(change)


@pytest.mark.parametrize("figure", ["used_count", "revenue"])
def test_nobody_writes_the_figures_that_redemptions_keep(shop: Shop, figure: str) -> None:
    with hired(shop).at_work() as session, refused(FORBIDDEN):
        session.execute(text(f"UPDATE mkt_promotions SET {figure} = 0"))
    with refused(FORBIDDEN):
        new_promotion(shop, **{figure: 0})


def test_a_viewer_redeems_nothing(shop: Shop) -> None:
    promotion = new_promotion(shop)
    with shop.at_work(user_id=shop.seller.viewer) as session:
        session.add(PromotionRedemption(promotion_id=promotion.id))
        with refused(FORBIDDEN):
            session.flush()


def test_another_tenants_promotion_or_code_is_not_redeemed(shop: Shop) -> None:
    promotion = new_promotion(shop)
    code = new_code(shop, promotion)
    for theirs in (promotion.id, uuid.uuid4()):
        with refused(FOREIGN_KEY):
            shop.add(PromotionRedemption(promotion_id=theirs), seller=shop.other)
    own = Promotion(name=name(), type=PromotionType.FREE_SHIPPING)
    shop.add(own, seller=shop.other)
    with refused(FOREIGN_KEY):
        shop.add(PromotionRedemption(promotion_id=own.id, code_id=code.id), seller=shop.other)
    assert figures(shop, promotion).used_count == 0


def test_a_promotion_code_is_unique_in_any_case_until_it_is_deleted(shop: Shop) -> None:
    code = name()
    first = new_promotion(shop, code=code)
    with refused(UNIQUE):
        new_promotion(shop, code=code.upper())
    with shop.at_work() as session:
        session.execute(update(Promotion).where(Promotion.id == first.id).values(deleted_at=LONG_AGO))
        session.commit()
    new_promotion(shop, code=code.upper())


COMPLETE: dict[RuleKind, dict[str, Any]] = {
    RuleKind.DISCOUNT: {
        "discount_type": DiscountType.PERCENTAGE, "discount_value": 10, "apply_to": DiscountTarget.ORDER,
    },
    RuleKind.TIER: {
        "tier_level": 1, "threshold_type": ThresholdType.AMOUNT, "threshold_value": 100,
        "discount_type": DiscountType.FIXED_AMOUNT, "discount_value": 10,
    },
    RuleKind.BOGO: {"buy_type": Requirement.QUANTITY, "buy_quantity": 2, "get_type": Reward.CHEAPEST},
    RuleKind.BUNDLE: {
        "bundle_type": Requirement.QUANTITY, "discount_type": DiscountType.FIXED_PRICE, "discount_value": 50,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_rule_is_complete(shop: Shop, kind: RuleKind) -> None:
    promotion = new_promotion(shop)
    complete = COMPLETE[kind]
    for missing in complete.keys() - {"buy_quantity"}:
        rest = {column: value for column, value in complete.items() if column != missing}
        with refused(CHECK):
            shop.add(PromotionRule(promotion_id=promotion.id, kind=kind, **rest))
    shop.add(PromotionRule(promotion_id=promotion.id, kind=kind, **complete))
    with refused(UNIQUE):
        shop.add(PromotionRule(promotion_id=promotion.id, kind=kind, **complete))


def test_a_promotion_has_as_many_tiers_as_it_likes(shop: Shop) -> None:
    promotion = new_promotion(shop)
    tier = COMPLETE[RuleKind.TIER]
    for level in (1, 2):
        shop.add(PromotionRule(promotion_id=promotion.id, kind=RuleKind.TIER, **{**tier, "tier_level": level}))
    with shop.at_work() as session:
        rules = select(PromotionRule.tier_level).where(PromotionRule.promotion_id == promotion.id)
        assert set(session.scalars(rules)) == {1, 2}


@pytest.fixture
def excluded(shop: Shop) -> Callable[..., None]:
    promotion = new_promotion(shop)
    return lambda **columns: shop.add(PromotionExclusion(promotion_id=promotion.id, **columns))


def test_an_exclusion_is_of_one_thing(excluded: Callable[..., None]) -> None:
    with refused(CHECK):
        excluded()
    with refused(CHECK):
        excluded(product_id=uuid.uuid4(), category_id=uuid.uuid4())
    with refused(FOREIGN_KEY):
        excluded(product_id=uuid.uuid4())
