from sqlalchemy import func, select
from sqlalchemy.orm import selectinload
from tests.models.shop import CHECK, FOREIGN_KEY, UNIQUE, Shop, name, open_shop, refused

from tenantry.models.channels import Platform, PlatformPage, PlatformType

__all__ = ["open_shop"]


def test_a_page_is_unique_on_its_platform_where_its_id_is_given(shop: Shop) -> None:
    with shop.at_work(user_id=shop.seller.owner) as session:
        youtube = Platform(name="YouTube", platform_type=PlatformType.YOUTUBE)
        tiktok = Platform(name="TikTok", platform_type=PlatformType.TIKTOK)
        session.add_all(PlatformPage(platform=youtube, name="Not there yet") for _ in range(2))
        session.add_all(PlatformPage(platform=platform, name="Shop", entity_id="1") for platform in (youtube, tiktok))
        session.flush()
        session.add(PlatformPage(platform=youtube, name="The same", entity_id="1"))
        with refused(UNIQUE):
            session.flush()


def test_a_platform_is_there_once_until_it_is_deleted(shop: Shop) -> None:
    with shop.at_work(user_id=shop.seller.owner) as session:
        first = Platform(name="Zalo", platform_type=PlatformType.ZALO)
        session.add(first)
        session.flush()
        first.deleted_at = session.scalar(select(func.now()))
        session.add(Platform(name="Zalo again", platform_type=PlatformType.ZALO))
        session.flush()
        session.add(Platform(name="Zalo twice", platform_type=PlatformType.ZALO))
        with refused(UNIQUE):
            session.flush()


def test_pages_are_reached_from_their_platform_and_back(shop: Shop) -> None:
    label = name()
    with shop.at_work(user_id=shop.seller.owner) as session:
        session.add(Platform(name=label, platform_type=PlatformType.EMAIL, pages=[PlatformPage(name="News")]))
        session.flush()
        session.expunge_all()
        found = session.scalars(select(Platform).options(selectinload(Platform.pages))).one()
        assert [page.name for page in found.pages] == ["News"]
        assert found.pages[0].platform is found
        assert found.total_reach == 0


def test_a_page_is_not_on_another_tenants_platform(shop: Shop) -> None:
    theirs = Platform(name=name(), platform_type=PlatformType.LINKEDIN)
    shop.add(theirs, seller=shop.other)
    with shop.at_work(user_id=shop.seller.owner) as session, refused(FOREIGN_KEY):
        session.add(PlatformPage(platform_id=theirs.id, name="Intruder"))
        session.flush()


def test_engagement_is_a_percentage(shop: Shop) -> None:
    with shop.at_work(user_id=shop.seller.owner) as session, refused(CHECK):
        session.add(Platform(name=name(), platform_type=PlatformType.PINTEREST, total_engagement=101))
        session.flush()
