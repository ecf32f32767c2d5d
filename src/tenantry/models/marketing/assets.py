"""Assets: pictures, videos and templates in folders, and the documents that a campaign refers to."""

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Trigger
from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import Count, No, children, downward, member, parent, reference, same_tenant, upward
from tenantry.models.traits import CurrentNewestFirst, SoftDeleted
from tenantry.models.trees import REFUSE_CYCLE

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.marketing.campaigns import Campaign


class AssetFolder(SoftDeleted, TenantScoped, Base):
    """A folder of marketing assets, in a tree. One that holds something is not deleted."""

    __tablename__ = "mkt_asset_folders"

    name: Mapped[str]
    description: Mapped[str | None]
    parent_folder_id: Mapped[UUID | None] = reference("mkt_asset_folders")
    item_count: Mapped[Count] = mapped_column(comment="assets in it, as the application counted them")
    color: Mapped[str | None]
    modified_by: Mapped[UUID | None] = member(on_delete="set null")
    ai_optimized: Mapped[No]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")

    parent_folder: Mapped["AssetFolder | None"] = parent(upward("AssetFolder.parent_folder_id"), "subfolders")
    subfolders: Mapped[list["AssetFolder"]] = children(downward("AssetFolder.parent_folder_id"), "parent_folder")
    assets: Mapped[list["MarketingAsset"]] = children(
        same_tenant("AssetFolder.id", "MarketingAsset.folder_id"), "folder"
    )

    __table_args__ = (
        CurrentNewestFirst(),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("parent_folder_id <> id", name="parent_folder_id"),
        CheckConstraint("item_count >= 0", name="item_count"),
        Trigger(
            "refuse_cycle",
            after="insert, update",
            of="parent_folder_id",
            when="NEW.parent_folder_id IS NOT NULL",
            execute=f"{REFUSE_CYCLE}('id', 'parent_folder_id')",
        ),
    )


class AssetType(StrEnum):
    """What an asset is."""

    IMAGE = "image"
    VIDEO = "video"
    DOCUMENT = "document"
    TEMPLATE = "template"
    GRAPHIC = "graphic"


class MarketingAsset(SoftDeleted, TenantScoped, Base):
    """A marketing asset."""

    __tablename__ = "mkt_marketing_assets"

    name: Mapped[str]
    type: Mapped[AssetType]
    category: Mapped[str | None]
    size: Mapped[str | None] = mapped_column(comment="of the file, as it is shown: 2.4 MB")
    format: Mapped[str | None]
    dimensions: Mapped[str | None] = mapped_column(comment="as it is shown: 1200 x 628")
    url: Mapped[str]
    thumbnail_url: Mapped[str | None]
    folder_id: Mapped[UUID | None] = reference("mkt_asset_folders")
    added_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())
    usage_count: Mapped[Count]
    ai_score: Mapped[int | None] = mapped_column(comment="how good a model finds it, 0 to 100")
    tags: Mapped[list[str]] = mapped_column(server_default="{}")

    folder: Mapped[AssetFolder | None] = parent(same_tenant("AssetFolder.id", "MarketingAsset.folder_id"), "assets")
    adder: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "MarketingAsset.added_by"))

    __table_args__ = (
        CurrentNewestFirst(),
        CheckConstraint("name <> ''", name="name"),
        CheckConstraint("url <> ''", name="url"),
        CheckConstraint("usage_count >= 0", name="usage_count"),
        CheckConstraint("ai_score BETWEEN 0 AND 100", name="ai_score"),
    )


class ReferenceDocument(SoftDeleted, TenantScoped, Base):
    """A document that a campaign, or all of them, refer to."""

    __tablename__ = "mkt_reference_documents"

    campaign_id: Mapped[UUID | None] = reference("mkt_campaigns", on_delete="set null")
    title: Mapped[str]
    category: Mapped[str]
    description: Mapped[str | None]
    file_url: Mapped[str | None]
    size: Mapped[str | None] = mapped_column(comment="of the file, as it is shown: 2.4 MB")
    updated_date: Mapped[dt.date] = mapped_column(
        server_default=func.current_date(), comment="when the document, not its row, was last revised"
    )

    campaign: Mapped["Campaign | None"] = parent(same_tenant("Campaign.id", "ReferenceDocument.campaign_id"))

    __table_args__ = (
        CurrentNewestFirst(),
        CheckConstraint("title <> ''", name="title"),
    )
