"""What a table's declaration does not tell about the rows that may be in it: CHECKs and triggers do."""

import uuid
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Final

Row = dict[str, Any]


@dataclass(frozen=True)
class Hints:
    """How rows of some tables are made. Tables are named as ``table``, columns as ``table.column``.

    :param values: by column, what makes a value, where not every value of its type will do.
    :param also_given: by table, columns that may be empty, but not all at once.
    :param alternatives: by table, columns of which at most one is given.
    :param companions: by column that refers to a row, the values that go with such a reference.
    :param in_common: by column that refers to a row, the column that both rows have in common.
    :param found: columns that the database fills itself, whatever is given.
    :param counted: columns that go up from row to row.
    :param single: tables that hold no two rows of a tenant.
    """

    values: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    also_given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    companions: Mapping[str, Row] = field(default_factory=dict)
    in_common: Mapping[str, str] = field(default_factory=dict)
    found: AbstractSet[str] = frozenset()
    counted: AbstractSet[str] = frozenset()
    single: AbstractSet[str] = frozenset()

    def __or__(self, other: "Hints") -> "Hints":
        """Both; where both speak of the same, the other's."""
        return Hints(
            {**self.values, **other.values},
            {**self.also_given, **other.also_given},
            {**self.alternatives, **other.alternatives},
            {**self.companions, **other.companions},
            {**self.in_common, **other.in_common},
            self.found | other.found,
            self.counted | other.counted,
            self.single | other.single,
        )


#: of tenantry's own tables
HINTS: Final = Hints(
    values={
        "audit_seals.entries": lambda: bytes(40),
        "audit_seals.hash": lambda: bytes(32),
        "audit_seals.number": lambda: uuid.uuid4().int % 10**15 + 1,
        "audit_seals.previous_hash": lambda: bytes(32),
        "engine_assignments.assignment_type": lambda: "level",
        "material_history.action_type": lambda: "stock_in",
        "mkt_brand_colors.hex": lambda: "#204060",
        "mkt_promotion_rules.kind": lambda: "discount",
        "token_reservations.status": lambda: "released",
        # the first credit of an empty wallet
        "user_token_ledger.reserved_after": lambda: 0,
        "sms_sender_phone_numbers.phone_number": lambda: f"+4{uuid.uuid4().int % 10**13}",
    },
    also_given={
        "crm_leads": ("name",),
        "crm_personal_contacts": ("contact_value",),
        "engine_assignments": ("level_id",),
        "material_history": ("material_id", "warehouse_id", "quantity_change"),
        "material_stock": ("material_id",),
        "mkt_promotion_exclusions": ("product_id",),
        "mkt_promotion_products": ("product_id",),
        "mkt_promotion_rules": ("discount_type", "discount_value", "apply_to"),
        "omnichannel_message_reactions": ("contact_id",),
        "sms_contacts": ("name",),
        "stock_movements": ("to_warehouse_id",),
        # the tenant's own came with it
        "subscriptions": ("user_id",),
        # one that is over, so that it holds nothing
        "token_reservations": ("status", "ended_at"),
        "user_token_ledger": ("entry_number",),
        "credit_transactions": ("entry_number",),
    },
    alternatives={
        "engine_assignments": ("level_id", "user_id"),
        "material_history": ("material_id", "material_variant_id"),
        "material_stock": ("material_id", "material_variant_id"),
        "mkt_promotion_exclusions": ("product_id", "category_id", "attribute_id"),
        "omnichannel_message_reactions": ("contact_id", "admin_id"),
        "stock_movements": ("to_warehouse_id", "from_warehouse_id"),
    },
    companions={
        "engine_assignments.user_id": {"assignment_type": "user"},
        "omnichannel_messages.admin_id": {"sender_type": "admin"},
    },
    # a code redeems its own promotion
    in_common={"mkt_promotion_redemptions.code_id": "promotion_id", "user_token_ledger.wallet_id": "user_id"},
    found={"material_history.material_stock_id"},
    # all transactions are of the tenant's one account
    counted={"credit_transactions.entry_number", "credit_transactions.balance_after"},
    # two rows of two products would be a circle
    single={"product_set_items"},
)
