"""How the rows of a table are made: what the declaration of the table alone says about them."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DefaultClause,
    Enum,
    ForeignKeyConstraint,
    Index,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.functions import next_value

from tenantry.ddl import Rows, declared
from tenantry.models import Base
from tenantry.seed.values import Maker, Row, is_conditional, maker, numbered

#: there before, written by the database itself as the other rows come in, or of work under way, of which there is none
NOT_SEEDED: Final = frozenset(
    {
        "permissions", "feature_flag_definitions", "ai_providers", "ai_models",
        "context_keys", "user_usage_tracking", "audit_logs", "audit_seals",
        "token_reservations", "token_lots", "token_lot_uses",
    }
)  # fmt: skip

#: left to the application by the declaration, but known here
_SUPPLIED: Final = "primary_tenant_id"
_ORDERED: Final = re.compile(r"\b([a-z_]+) (<=?|>=?) ([a-z_]+)\b")
_GIVEN: Final = re.compile(r"(\w+)( IS NOT NULL)?")


@dataclass(frozen=True)
class Link:
    """A foreign key, without the tenant's column."""

    target: str
    #: the column here, and the one that it repeats
    columns: tuple[tuple[str, str], ...]
    #: those of the columns here that may be empty
    nullable: frozenset[str]
    #: its target is filled later, or its column follows from the state of the row
    left_empty: bool


@dataclass(frozen=True)
class UniqueKey:
    """Columns whose values are together in one row of a tenant only."""

    columns: tuple[str, ...]
    #: the column that has to be there, or to be true, for the key to count
    where: str | None
    nulls_count: bool

    def of(self, row: Row) -> tuple[Any, ...] | None:
        """The row's value, if the key counts for it."""
        values = tuple(row[name] for name in self.columns)
        if self.where is not None and not row[self.where]:
            return None
        return values if self.nulls_count or None not in values else None


@dataclass(frozen=True)
class Blueprint:
    """What it takes to make rows of a table."""

    name: str
    columns: tuple[str, ...]
    makers: tuple[tuple[str, Maker], ...]
    links: tuple[Link, ...]
    keys: tuple[UniqueKey, ...]
    #: pairs of columns of which the first is not above the second
    ordered: tuple[tuple[str, str], ...]
    is_tenants: bool


@cache
def tables() -> tuple[Table, ...]:
    """The tables to fill, those that are referred to first."""
    return tuple(table for table in Base.metadata.sorted_tables if table.name not in NOT_SEEDED)


@cache
def blueprints() -> dict[str, Blueprint]:
    """The blueprints of the tables to fill, in their order."""
    order = [table.name for table in Base.metadata.sorted_tables]
    return {table.name: _blueprint(table, set(order[: order.index(table.name) + 1])) for table in tables()}


@cache
def reference_rows(table: str) -> tuple[Row, ...]:
    """What a table holds from the first day on."""
    return tuple(row for rows in declared(Base.metadata, Rows) if rows.table.name == table for row in rows.rows)


def _blueprint(table: Table, earlier: set[str]) -> Blueprint:
    columns = [column for column in table.columns if not _is_filled_by_database(column)]
    links = _links(table, earlier)
    linked = {column for link in links for column, _ in link.columns}
    keys = _unique_keys(table)
    distinct = {key.columns[-1] for key in keys}
    made = [column for column in columns if column.name not in linked | {"tenant_id", "id", "created_at", "updated_at"}]
    # a status says what else there is, and so does a flag
    made.sort(key=lambda column: (not isinstance(column.type, Enum), not isinstance(column.type, Boolean)))
    return Blueprint(
        name=table.name,
        columns=tuple(column.name for column in columns),
        makers=tuple((column.name, _maker(column, distinct)) for column in made),
        links=links,
        keys=keys,
        ordered=tuple(_ordered(table)),
        is_tenants="tenant_id" in table.columns,
    )


def _is_filled_by_database(column: Column[Any]) -> bool:
    default = column.server_default
    if isinstance(default, DefaultClause) and isinstance(default.arg, next_value):
        return True
    bare = default is not None and not isinstance(default, DefaultClause) and not isinstance(default, Computed)
    return (bare and column.name != _SUPPLIED) or isinstance(default, Computed)


def _maker(column: Column[Any], distinct: set[str]) -> Maker:
    is_label = column.name in distinct and column.type.python_type is str and not isinstance(column.type, Enum)
    return numbered(column) if is_label else maker(column)


def _links(table: Table, earlier: set[str]) -> tuple[Link, ...]:
    """The widest first: what it fixes, the others follow."""
    position = list(table.columns.keys())
    found = [key for key in table.foreign_key_constraints if key.column_keys != ["tenant_id"]]
    found.sort(key=lambda key: (-len(key.elements), [position.index(name) for name in key.column_keys]))
    return tuple(_link(table, key, earlier) for key in found)


def _link(table: Table, key: ForeignKeyConstraint, earlier: set[str]) -> Link:
    pairs = tuple((element.parent.name, element.column.name) for element in key.elements)
    own = tuple((column, target) for column, target in pairs if column != "tenant_id")
    target = key.referred_table.name
    nullable = frozenset(column for column, _ in own if table.columns[column].nullable)
    conditional = any(is_conditional(table.columns[column]) for column, _ in own)
    return Link(target, own, nullable, key.use_alter or target not in earlier or conditional)


def _unique_keys(table: Table) -> tuple[UniqueKey, ...]:
    found = []
    for constraint in (*table.constraints, *table.indexes):
        if isinstance(constraint, UniqueConstraint):
            columns = [column.name for column in constraint.columns]
            nulls_count = constraint.dialect_options["postgresql"].get("nulls_not_distinct")
            found.append(_unique_key(columns, None, bool(nulls_count)))
        elif isinstance(constraint, Index) and constraint.unique and _is_plain(constraint):
            columns = [column.name for column in constraint.columns]
            where = constraint.dialect_options["postgresql"].get("where")
            given = _GIVEN.fullmatch(str(where)) if where is not None else None
            found.append(_unique_key(columns, given[1] if given else None, False))
    # constraints come as a set
    return tuple(sorted(found, key=lambda key: key.columns))


def _is_plain(index: Index) -> bool:
    """Whether it is of columns, and not of what a function makes of them."""
    return len(index.columns) == len(index.expressions)


def _unique_key(columns: list[str], where: str | None, nulls_count: bool) -> UniqueKey:
    own = tuple(name for name in columns if name != "tenant_id")
    return UniqueKey(own or ("tenant_id",), where, nulls_count)


def _ordered(table: Table) -> list[tuple[str, str]]:
    pairs = []
    for check in table.constraints:
        if isinstance(check, CheckConstraint):
            for left, sign, right in _ORDERED.findall(str(check.sqltext)):
                if left in table.columns and right in table.columns:
                    pairs.append((left, right) if sign.startswith("<") else (right, left))
    return sorted(pairs)
