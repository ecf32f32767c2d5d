"""Channels: the platforms a tenant sells and advertises on, and its pages and accounts there."""

from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped
from tenantry.models.columns import (
    BigInt,
    Count,
    JsonObject,
    children,
    parent,
    reference,
    same_tenant,
)
from tenantry.models.traits import CurrentNewestFirst, Money, Percent, SoftDeleted, unique_where_given

if TYPE_CHECKING:
    from tenantry.models.orders import Order


class PlatformType(StrEnum):
    """Kinds of platforms."""

    FACEBOOK = "facebook"
    INSTAGRAM = "instagram"
    YOUTUBE = "youtube"
    GOOGLE_ADS = "google-ads"
    TIKTOK = "tiktok"
    ZALO = "zalo"
    EMAIL = "email"
    LINKEDIN = "linkedin"
    TWITTER = "twitter"
    PINTEREST = "pinterest"


class ChannelStatus(StrEnum):
    """Whether a platform or page is in use."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Platform(SoftDeleted, TenantConfigScoped, Base):
    """A marketing platform that the tenant is present on, with the figures of all its pages there."""

    __tablename__ = "channels_platforms"

    name: Mapped[str]
    platform_type: Mapped[PlatformType]
    status: Mapped[ChannelStatus] = mapped_column(server_default=ChannelStatus.ACTIVE)
    total_reach: Mapped[BigInt] = mapped_column(server_default="0", comment="people")
    total_engagement: Mapped[Percent] = mapped_column(server_default="0")
    total_budget: Mapped[Money] = mapped_column(server_default="0")
    page_count: Mapped[Count]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    pages: Mapped[list["PlatformPage"]] = children(same_tenant("Platform.id", "PlatformPage.platform_id"), "platform")

    __table_args__ = (
        Index(
            "uq_channels_platforms_platform_type",
            "tenant_id",
            "platform_type",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        CurrentNewestFirst(),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("total_engagement BETWEEN 0 AND 100", name="total_engagement"),
        CheckConstraint("total_reach >= 0 AND total_budget >= 0 AND page_count >= 0", name="totals"),
    )


class PlatformPage(SoftDeleted, TenantConfigScoped, Base):
    """A page or account on a platform."""

    __tablename__ = "channels_platform_pages"

    platform_id: Mapped[UUID] = reference("channels_platforms", on_delete="cascade")
    name: Mapped[str]
    entity_id: Mapped[str | None] = mapped_column(comment="the page's id on the platform")
    entity_id_secondary: Mapped[str | None]
    reach: Mapped[BigInt] = mapped_column(server_default="0", comment="people")
    engagement: Mapped[Percent] = mapped_column(server_default="0")
    status: Mapped[ChannelStatus] = mapped_column(server_default=ChannelStatus.ACTIVE)
    budget: Mapped[Money | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    platform: Mapped[Platform] = parent(same_tenant("Platform.id", "PlatformPage.platform_id"), "pages")
    orders: Mapped[list["Order"]] = children(
        same_tenant("PlatformPage.id", "Order.channel_platform_page_id"), "channel_platform_page"
    )

    __table_args__ = (
        unique_where_given("channels_platform_pages", "platform_id", "entity_id"),
        CurrentNewestFirst(),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("engagement BETWEEN 0 AND 100", name="engagement"),
        CheckConstraint("reach >= 0 AND budget >= 0", name="figures"),
    )
