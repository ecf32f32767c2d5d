"""The brand of a tenant: what it stands for, its colours, typefaces and logos, and how they are used."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantConfigScoped
from tenantry.models.columns import Count, JsonList, No, unique_in_tenant


class BrandSettings(TenantConfigScoped, Base):
    """What the tenant's brand stands for."""

    __tablename__ = "mkt_brand_settings"

    story: Mapped[str | None]
    slogan: Mapped[str | None]
    tagline: Mapped[str | None]
    vision: Mapped[str | None]
    mission: Mapped[str | None]

    __table_args__ = (unique_in_tenant(),)


class ColorCategory(StrEnum):
    """What a colour is to the brand."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    NEUTRAL = "neutral"


class BrandColor(TenantConfigScoped, Base):
    """A colour of the brand."""

    __tablename__ = "mkt_brand_colors"

    name: Mapped[str]
    hex: Mapped[str] = mapped_column(comment="#RGB, #RRGGBB or #RRGGBBAA")
    category: Mapped[ColorCategory]
    usage: Mapped[str | None]
    sort_order: Mapped[Count]

    __table_args__ = (
        Index(None, "tenant_id", "category", "sort_order"),
        CheckConstraint("hex ~ '^#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8})$'", name="hex"),
    )


class TypographyCategory(StrEnum):
    """What a typeface is for."""

    HEADINGS = "headings"
    BODY = "body"


class BrandTypography(TenantConfigScoped, Base):
    """A typeface of the brand; sizes and weights are CSS values."""

    __tablename__ = "mkt_brand_typography"

    name: Mapped[str]
    size: Mapped[str]
    weight: Mapped[str]
    line_height: Mapped[str]
    category: Mapped[TypographyCategory]
    usage: Mapped[str | None]
    sort_order: Mapped[Count]

    __table_args__ = (Index(None, "tenant_id", "category", "sort_order"),)


class LogoVariation(StrEnum):
    """Which version of the logo it is."""

    PRIMARY = "primary"
    DARK = "dark"
    ICON_ONLY = "icon_only"
    MONOCHROME = "monochrome"


class BrandLogo(TenantConfigScoped, Base):
    """A logo of the brand."""

    __tablename__ = "mkt_brand_logos"

    name: Mapped[str]
    variation_type: Mapped[LogoVariation]
    logo_url: Mapped[str]
    thumbnail_url: Mapped[str | None]
    background_color: Mapped[str | None]
    is_dark: Mapped[No]
    description: Mapped[str | None]
    sort_order: Mapped[Count]

    __table_args__ = (Index(None, "tenant_id", "variation_type", "sort_order"),)


class GuidelineCategory(StrEnum):
    """What a guideline is about."""

    LOGO_USAGE = "logo_usage"
    TYPOGRAPHY_RULES = "typography_rules"
    COLOR_APPLICATION = "color_application"
    VOICE_TONE = "voice_tone"


class BrandGuideline(TenantConfigScoped, Base):
    """A guideline of the brand, and its points."""

    __tablename__ = "mkt_brand_guidelines"

    title: Mapped[str]
    category: Mapped[GuidelineCategory]
    items: Mapped[JsonList]
    sort_order: Mapped[Count]

    __table_args__ = (Index(None, "tenant_id", "category", "sort_order"),)
