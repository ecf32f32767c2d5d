"""Rows of any table, made from its declaration alone: what must be given is, and everything else is left out."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

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

from tenantry.errors import TenantryError
from tenantry.testing.hints import HINTS, Hints, Row

ROWS_PER_TABLE = 2
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class SampleValueError(TenantryError):
    """A column has a type of which no sample is known."""


class SampleRows:
    """Two rows of every table that holds as many, those with a tenant belonging to one.

    :param tenant_id: the tenant, which is made with them.
    :param tables: the tables, each after those that it refers to.
    :param hints: what their declaration does not tell.
    """

    def __init__(self, tenant_id: uuid.UUID, tables: Sequence[Table], hints: Hints = HINTS) -> None:
        self.tenant_id = tenant_id
        self.tables = tables
        self.hints = hints
        self.rows: dict[str, list[Row]] = {}

    def fill(self, connection: Connection) -> None:
        """Insert them, with the rights to do so."""
        for table in self.tables:
            self.rows[table.name] = []
            for number in range(1 if self.is_single(table) else ROWS_PER_TABLE):
                row = self.new_row(table, number)
                if table.name == "tenants" and number == 0:
                    row["id"] = self.tenant_id
                connection.execute(table.insert().values(row).inline())
                self.rows[table.name].append(row)

    def new_member(self, connection: Connection, role: str) -> uuid.UUID:
        """Insert a user who has this role in the tenant."""
        tables = {table.name: table for table in self.tables}
        user = self.new_row(tables["users"], 0)
        connection.execute(tables["users"].insert().values(user).inline())
        membership = self.new_row(tables["tenant_users"], 0) | {"user_id": user["id"], "role": role}
        connection.execute(tables["tenant_users"].insert().values(membership).inline())
        return uuid.UUID(str(user["id"]))

    def is_single(self, table: Table) -> bool:
        """Whether a tenant has one row of the table at most."""
        return table.name in self.hints.single or is_one_per_tenant(table)

    def new_row(self, table: Table, number: int) -> Row:
        """A row whose foreign keys lead to its own rows, in turns."""

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
            row = self.with_link(table, row, name, row[name])
        return row

    def with_link(self, table: Table, row: Row, name: str, value: Any) -> Row:
        """The row with another reference, what goes with it, and without the alternatives to it."""
        alternatives = self.hints.alternatives.get(table.name, ())
        emptied = dict.fromkeys(alternatives, None) if name in alternatives else {}
        return row | emptied | self.hints.companions.get(f"{table.name}.{name}", {}) | {name: value}

    def _row(
        self, table: Table, number: int, parent: Callable[[ForeignKeyConstraint, int], Row], also: Sequence[str] = ()
    ) -> Row:
        given = {*self.hints.also_given.get(table.name, ()), *also}
        row = {
            column.name: self._value(column, number)
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
                common = (self.hints.in_common.get(f"{table.name}.{name}") for name in links)
                row |= {name: found[name] for name in common if name is not None}
        return row

    def _value(self, column: Column[Any], number: int) -> Any:
        if str(column) in self.hints.values:
            return self.hints.values[str(column)]()
        return number + 1 if str(column) in self.hints.counted else _value(column, number)


def foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    """In the order of their columns; that of tenant_id alone says nothing a row does not."""
    order = list(table.columns.keys())
    found = [key for key in table.foreign_key_constraints if key.column_keys != ["tenant_id"]]
    return sorted(found, key=lambda key: [order.index(name) for name in key.column_keys])


def is_one_per_tenant(table: Table) -> bool:
    """Whether its keys allow a tenant one row only."""
    return any(
        [column.name for column in key.columns] == ["tenant_id"] and not is_partial for key, is_partial in _keys(table)
    )


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
            return 1
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
    raise SampleValueError(f"{column} has type {column.type}, which has no known sample: give one in Hints(values=...)")


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
