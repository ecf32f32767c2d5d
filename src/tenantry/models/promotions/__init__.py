"""Promotions: what is offered to whom and on what, and every use that is made of it."""

from tenantry.models.promotions.coverage import (
    InclusionType,
    PriceOverrideType,
    ProductSide,
    PromotionAttribute,
    PromotionCategory,
    PromotionExclusion,
    PromotionFreeItem,
    PromotionProduct,
)
from tenantry.models.promotions.offers import (
    BmgmMode,
    CodeStatus,
    Promotion,
    PromotionCampaign,
    PromotionChannel,
    PromotionCode,
    PromotionStatus,
    PromotionType,
)
from tenantry.models.promotions.redemptions import PromotionRedemption
from tenantry.models.promotions.rules import (
    AllocationMethod,
    DiscountTarget,
    DiscountType,
    PromotionRule,
    Requirement,
    Reward,
    RuleKind,
    ThresholdType,
)

__all__ = [
    "AllocationMethod",
    "BmgmMode",
    "CodeStatus",
    "DiscountTarget",
    "DiscountType",
    "InclusionType",
    "PriceOverrideType",
    "ProductSide",
    "Promotion",
    "PromotionAttribute",
    "PromotionCampaign",
    "PromotionCategory",
    "PromotionChannel",
    "PromotionCode",
    "PromotionExclusion",
    "PromotionFreeItem",
    "PromotionProduct",
    "PromotionRedemption",
    "PromotionRule",
    "PromotionStatus",
    "PromotionType",
    "Requirement",
    "Reward",
    "RuleKind",
    "ThresholdType",
]
