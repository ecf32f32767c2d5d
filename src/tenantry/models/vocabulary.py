"""Words that several domains use."""

from enum import StrEnum


class Tier(StrEnum):
    """Service tiers, of levels and of people."""

    FREE = "free"
    BASIC = "basic"
    PREMIUM = "premium"
    ENTERPRISE = "enterprise"
