"""Marketing: campaigns and their history, links, folders, and one brand a tenant."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session, selectinload
from tests.models.office import hired
from tests.models.shop import CHECK, FORBIDDEN, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.marketing import (
    ActivityType,
    AssetFolder,
    AssetType,
    BrandColor,
    BrandSettings,
    Campaign,
    CampaignActivity,
    CampaignActivityChange,
    CampaignGoal,
    CampaignType,
    ColorCategory,
    MarketingAsset,
    UtmLink,
)

__all__ = ["open_shop"]

pytestmark = pytest.mark.xdist_group("shop")

SPRING = date(2026, 3, 20)


@pytest.fixture
def campaign(shop: Shop) -> Campaign:
    made = Campaign(name="Spring", type=CampaignType.EMAIL, start_date=SPRING)
    shop.add(made)
    return made


def new_activity(shop: Shop, campaign: Campaign, **columns: Any) -> CampaignActivity:
    activity = CampaignActivity(
        campaign_id=campaign.id, title="Newsletter", type=ActivityType.EMAIL, scheduled_on=SPRING, **columns
    )
    shop.add(activity)
    return activity


def test_a_campaign_is_whose_who_starts_it(shop: Shop) -> None:
    worker, campaign = hired(shop, "member"), Campaign(name="Mine", type=CampaignType.EMAIL, start_date=SPRING)
    worker.add(campaign)
    assert campaign.owner_id == worker.seller.member


@pytest.mark.parametrize(
    "wrong",
    [{"end_date": date(2026, 3, 19)}, {"progress": 101}, {"ai_score": -1}, {"engagement": 101}, {"budget": -1}],
    ids=str,
)
def test_a_campaign_keeps_within_bounds(shop: Shop, campaign: Campaign, wrong: dict[str, Any]) -> None:
    with shop.at_work() as session, refused(CHECK):
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(wrong))


def test_a_campaign_goes_with_its_goals(shop: Shop, campaign: Campaign) -> None:
    shop.add(CampaignGoal(campaign_id=campaign.id, goal_text="Be known"))
    with shop.at_work() as session:
        found = session.scalars(
            select(Campaign).where(Campaign.id == campaign.id).options(selectinload(Campaign.goals))
        ).one()
        assert [goal.goal_text for goal in found.goals] == ["Be known"]
        session.delete(found)
        session.flush()
        goals = select(CampaignGoal.id).where(CampaignGoal.campaign_id == campaign.id)
        assert session.scalars(goals).all() == []


def test_an_activity_ends_after_it_begins_unless_days_lie_between(shop: Shop, campaign: Campaign) -> None:
    new_activity(shop, campaign, start_time=time(22), end_time=time(6), duration=2)
    with refused(CHECK):
        new_activity(shop, campaign, start_time=time(22), end_time=time(6))


@pytest.mark.parametrize(
    "change", [update(CampaignActivityChange).values(new_date=SPRING), delete(CampaignActivityChange)]
)
def test_that_an_activity_was_moved_is_for_good(shop: Shop, campaign: Campaign, change: Any) -> None:
    activity = new_activity(shop, campaign)
    moved = CampaignActivityChange(activity_id=activity.id, old_date=SPRING, new_date=date(2026, 3, 21))
    worker = hired(shop, "member")
    worker.add(moved)
    assert moved.changed_by == worker.seller.member
    with hired(shop).at_work() as session, refused(FORBIDDEN):
        session.execute(change)
    with Session(shop.superuser) as session, refused(FORBIDDEN):
        session.execute(change)


def test_a_short_address_is_free_again_once_its_link_is_deleted(shop: Shop) -> None:
    columns = {
        "name": "Link", "url": "https://example.com", "short_url": name(),
        "utm_campaign": "spring", "utm_source": "newsletter", "utm_medium": "email",
    }  # fmt: skip
    first = UtmLink(**columns)
    shop.add(first)
    with refused(UNIQUE):
        shop.add(UtmLink(**columns))
    with shop.at_work() as session:
        session.execute(update(UtmLink).where(UtmLink.id == first.id).values(deleted_at=datetime.now(UTC)))
        session.commit()
    shop.add(UtmLink(**columns))


def test_a_folder_that_holds_something_stays_and_is_not_within_itself(shop: Shop) -> None:
    outer = AssetFolder(name="Outer")
    outer.subfolders = [AssetFolder(name="Inner")]
    inner = outer.subfolders[0]
    inner.assets = [MarketingAsset(name="Logo", type=AssetType.IMAGE, url="https://example.com/logo.svg")]
    with shop.at_work() as session:
        session.add(outer)
        session.commit()
        for folder in (outer.id, inner.id):
            with refused(FOREIGN_KEY), session.begin_nested():
                session.execute(delete(AssetFolder).where(AssetFolder.id == folder))
        for folder in (outer.id, inner.id):
            with refused(CHECK), session.begin_nested():
                session.execute(update(AssetFolder).where(AssetFolder.id == folder).values(parent_folder_id=inner.id))


def test_a_tenant_has_one_brand_that_its_members_do_not_change(shop: Shop) -> None:
    office = hired(shop, "admin")
    office.add(BrandSettings(slogan="Ours"))
    with refused(UNIQUE):
        office.add(BrandSettings(slogan="Another"))
    with refused(FORBIDDEN):
        hired(shop, "member").add(BrandSettings(slogan="Mine"))
    with shop.at_work() as session:
        assert session.scalars(select(BrandSettings.slogan)).all() == ["Ours"]
        assert session.execute(text("UPDATE mkt_brand_settings SET slogan = 'Mine' RETURNING id")).all() == []


@pytest.mark.parametrize("colour", ["#fff", "#00AAff", "#00AAff80"])
def test_a_colour_is_a_colour(shop: Shop, colour: str) -> None:
    office = hired(shop, "admin")
    office.add(BrandColor(name="Some", hex=colour, category=ColorCategory.PRIMARY))
    for wrong in (colour[1:], f"{colour}g", "red"):
        with refused(CHECK):
            office.add(BrandColor(name="None", hex=wrong, category=ColorCategory.PRIMARY))
