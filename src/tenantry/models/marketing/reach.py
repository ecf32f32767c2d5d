"""Reach: the channels a campaign runs on, the people who advertise for a share, and the links that are counted."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped, TenantScoped
from tenantry.models.columns import Count, parent, reference, same_tenant
from tenantry.models.marketing.campaigns import Campaign
from tenantry.models.traits import CurrentNewestFirst, Money, Percent, SoftDeleted

if TYPE_CHECKING:
    from tenantry.models.channels import PlatformPage


class MarketingChannelStatus(StrEnum):
    """Whether a channel is in use."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class MarketingChannel(SoftDeleted, TenantConfigScoped, Base):
    """A channel that a campaign runs on."""

    __tablename__ = "mkt_marketing_channels"

    name: Mapped[str]
    type: Mapped[str] = mapped_column(comment="as the tenant calls it")
    platform: Mapped[str] = mapped_column(comment="as the tenant calls it")
    page_id: Mapped[UUID | None] = reference(
        "channels_platform_pages",
        on_delete="set null",
        comment="the page, where the channel is one of the tenant's own",
    )
    reach: Mapped[Count] = mapped_column(comment="people")
    engagement: Mapped[Percent] = mapped_column(server_default="0")
    status: Mapped[MarketingChannelStatus] = mapped_column(server_default=MarketingChannelStatus.ACTIVE)
    budget: Mapped[Money | None]

    page: Mapped["PlatformPage | None"] = parent(same_tenant("PlatformPage.id", "MarketingChannel.page_id"))

    __table_args__ = (
        CurrentNewestFirst(),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("engagement BETWEEN 0 AND 100", name="engagement"),
        CheckConstraint("reach >= 0 AND budget >= 0", name="figures"),
    )


class AffiliateType(StrEnum):
    """How somebody advertises for a share."""

    AFFILIATE = "affiliate"
    KOL = "kol"
    INFLUENCER = "influencer"


class AffiliateStatus(StrEnum):
    """Whether an affiliate takes part."""

    PENDING = "pending"
    ACTIVE = "active"
    INACTIVE = "inactive"


class Affiliate(SoftDeleted, TenantScoped, Base):
    """Somebody who advertises for a share of what it brings."""

    __tablename__ = "mkt_affiliates"

    name: Mapped[str]
    type: Mapped[AffiliateType]
    email: Mapped[str]
    platform: Mapped[str | None] = mapped_column(comment="where his audience is")
    commission_rate: Mapped[Percent] = mapped_column(server_default="0", comment="percent of the revenue")
    revenue: Mapped[Money] = mapped_column(server_default="0")
    status: Mapped[AffiliateStatus] = mapped_column(server_default=AffiliateStatus.PENDING)
    join_date: Mapped[dt.date] = mapped_column(server_default=func.current_date())

    __table_args__ = (
        CurrentNewestFirst(),
        Index(None, "tenant_id", "email"),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("commission_rate BETWEEN 0 AND 100", name="commission_rate"),
        CheckConstraint("revenue >= 0", name="revenue"),
    )


class UtmLink(SoftDeleted, TenantScoped, Base):
    """A tracked link."""

    __tablename__ = "mkt_utm_links"

    name: Mapped[str]
    url: Mapped[str]
    short_url: Mapped[str | None]
    utm_campaign: Mapped[str]
    utm_source: Mapped[str]
    utm_medium: Mapped[str]
    campaign_id: Mapped[UUID | None] = reference("mkt_campaigns", on_delete="set null")
    clicks: Mapped[Count]
    conversions: Mapped[Count]

    campaign: Mapped[Campaign | None] = parent(same_tenant("Campaign.id", "UtmLink.campaign_id"), "utm_links")

    __table_args__ = (
        Index(
            "uq_mkt_utm_links_short_url",
            "tenant_id",
            "short_url",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        CurrentNewestFirst(),
        Index(None, "tenant_id", "utm_campaign"),
        CheckConstraint("url <> ''", name="url"),
        CheckConstraint("clicks >= 0 AND conversions >= 0", name="figures"),
    )
