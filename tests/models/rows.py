"""Rows of any table, made from its declaration alone: what must be given is, and everything else is left out."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from tenantry.models import Base

Row = dict[str, Any]

ROWS_PER_TABLE = 2
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

#: columns that may be empty, but not all at once; CHECKs say so
ALSO_GIVEN: Final[dict[str, tuple[str, ...]]] = {
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
}
#: where at most one of several columns is given
ALTERNATIVES: Final[dict[str, tuple[str, ...]]] = {
    "engine_assignments": ("level_id", "user_id"),
    "material_history": ("material_id", "material_variant_id"),
    "material_stock": ("material_id", "material_variant_id"),
    "mkt_promotion_exclusions": ("product_id", "category_id", "attribute_id"),
    "omnichannel_message_reactions": ("contact_id", "admin_id"),
    "stock_movements": ("to_warehouse_id", "from_warehouse_id"),
}
#: what goes with a reference
COMPANIONS: Final[dict[str, Row]] = {
    "engine_assignments.user_id": {"assignment_type": "user"},
    "omnichannel_messages.admin_id": {"sender_type": "admin"},
}
#: references that a row has in common with the one it refers to: a code redeems its own promotion
IN_COMMON: Final = {"mkt_promotion_redemptions.code_id": "promotion_id", "user_token_ledger.wallet_id": "user_id"}
#: references that the database finds itself, whatever is given
FOUND: Final = {"material_history.material_stock_id"}
#: where not every value of the column's type will do
VALUES: Final[dict[str, Callable[[], Any]]] = {
    "engine_assignments.assignment_type": lambda: "level",
    "material_history.action_type": lambda: "stock_in",
    "mkt_brand_colors.hex": lambda: "#204060",
    "mkt_promotion_rules.kind": lambda: "discount",
    "token_reservations.status": lambda: "released",
    # the first credit of an empty wallet
    "user_token_ledger.reserved_after": lambda: 0,
    "sms_sender_phone_numbers.phone_number": lambda: f"+4{uuid.uuid4().int % 10**13}",
}
#: what goes up from row to row: all transactions are of the tenant's one account
COUNTED: Final = {"credit_transactions.entry_number", "credit_transactions.balance_after"}
#: two rows of two products would be a circle
ONE_ROW: Final = {"product_set_items"}


class Household:
    """Two rows of every table that holds as many, those with a tenant belonging to one."""

    def __init__(self, tenant_id: uuid.UUID) -> None:
        self.tenant_id = tenant_id
        self.rows: dict[str, list[Row]] = {}

    def fill(self, connection: Connection) -> None:
        for table in Base.metadata.sorted_tables:
            self.rows[table.name] = []
            for number in range(1 if table.name in ONE_ROW or is_one_per_tenant(table) else ROWS_PER_TABLE):
                row = self.new_row(table, number)
                if table.name == "tenants" and number == 0:
                    row["id"] = self.tenant_id
                connection.execute(table.insert().values(row).inline())
                self.rows[table.name].append(row)

    def new_row(self, table: Table, number: int) -> Row:
        """A row whose foreign keys lead to the household's own rows, in turns."""

        def known(constraint: ForeignKeyConstraint, turn: int) -> Row:
            candidates = self.rows[constraint.referred_table.name]
            return candidates[(number + turn) % len(candidates)]

        return self._row(table, number, known)

    def fresh_row(self, connection: Connection, table: Table, turn: int = 0, also: Sequence[str] = ()) -> Row:
        """A row that nothing but a missing right keeps out: everything it refers to is new and its own.

        :param also: columns to be given although they may be empty.
        """

        def new(constraint: ForeignKeyConstraint, turn: int) -> Row:
            target = constraint.referred_table
            if is_one_per_tenant(target):
                return self.rows[target.name][0]
            row = self.fresh_row(connection, target, turn)
            connection.execute(target.insert().values(row).inline())
            return row

        row = self._row(table, ROWS_PER_TABLE + turn, new, also)
        for name in also:
            row = with_link(table, row, name, row[name])
        return row

    def _row(
        self, table: Table, number: int, parent: Callable[[ForeignKeyConstraint, int], Row], also: Sequence[str] = ()
    ) -> Row:
        given = {*ALSO_GIVEN.get(table.name, ()), *also}
        row = {
            column.name: VALUES[str(column)]() if str(column) in VALUES else _value(column, number)
            for column in table.columns
            if column.primary_key or column.name in given or _is_required(column)
        }
        if "tenant_id" in table.columns:
            row["tenant_id"] = self.tenant_id
        turns: dict[str, int] = {}
        for constraint in foreign_keys(table):
            links = {link.parent.name: link.column.name for link in constraint.elements if link.parent.name in row}
            if links.keys() - {"tenant_id"}:
                target = constraint.referred_table.name
                turns[target] = turns.get(target, -1) + 1
                found = parent(constraint, turns[target])
                row |= {name: found[key] for name, key in links.items()}
                common = (IN_COMMON.get(f"{table.name}.{name}") for name in links)
                row |= {name: found[name] for name in common if name is not None}
        return row


def foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    """In the order of their columns; that of tenant_id alone says nothing a row does not."""
    order = list(table.columns.keys())
    found = [key for key in table.foreign_key_constraints if key.column_keys != ["tenant_id"]]
    return sorted(found, key=lambda key: [order.index(name) for name in key.column_keys])


def is_one_per_tenant(table: Table) -> bool:
    return any(
        [column.name for column in key.columns] == ["tenant_id"] and not is_partial for key, is_partial in _keys(table)
    )


def with_link(table: Table, row: Row, name: str, value: Any) -> Row:
    """The row with another reference, what goes with it, and without the alternatives to it."""
    alternatives = ALTERNATIVES.get(table.name, ())
    emptied = dict.fromkeys(alternatives, None) if name in alternatives else {}
    return row | emptied | COMPANIONS.get(f"{table.name}.{name}", {}) | {name: value}


def _is_required(column: Column[Any]) -> bool:
    return not column.nullable and (bool(column.foreign_keys) or column.server_default is None) and not column.computed


def _value(column: Column[Any], number: int) -> Any:  # noqa: C901, PLR0911
    match column.type:
        case Enum() as kind:
            return kind.enums[number % len(kind.enums) if _is_in_key(column) else 0]
        case Text():
            return uuid.uuid4().hex
        case Boolean():
            return True
        case Integer() | BigInteger() | Numeric():
            return number + 1 if str(column) in COUNTED else 1
        case Uuid():
            return uuid.uuid4()
        case DateTime():
            # what is declared later happens later
            return _NOW + dt.timedelta(hours=_position(column))
        case Date():
            return _NOW.date()
        case Time():
            return dt.time(hour=_position(column) % 24)
        case LargeBinary():
            return bytes(64)
        case JSONB():
            return {}
        case ARRAY():
            return []
        case INET():
            return "192.0.2.1"
    msg = f"no value for {column}"
    raise NotImplementedError(msg)


def _position(column: Column[Any]) -> int:
    return list(column.table.columns).index(column)


def _is_in_key(column: Column[Any]) -> bool:
    return any(column in list(key.columns) for key, _ in _keys(column.table))


def _keys(table: Any) -> Iterator[tuple[UniqueConstraint | Index, bool]]:
    """What is unique, and whether it is so among some rows only, or by an expression."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield constraint, False
    for index in table.indexes:
        if index.unique:
            has_expressions = len(index.columns) < len(index.expressions)
            yield index, has_expressions or index.dialect_options["postgresql"]["where"] is not None
