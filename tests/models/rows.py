"""Rows of any table, made from its declaration alone: keys, CHECKs, enumerations and types satisfied."""

import datetime as dt
import uuid
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
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from tenantry.models import Base

Row = dict[str, Any]

ROWS_PER_TABLE = 2
_NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Household:
    """Two rows of every table, those with a tenant belonging to one."""

    def __init__(self, tenant_id: uuid.UUID) -> None:
        self.tenant_id = tenant_id
        self.rows: dict[str, list[Row]] = {}

    def fill(self, connection: Connection) -> None:
        for table in Base.metadata.sorted_tables:
            self.rows[table.name] = []
            for number in range(ROWS_PER_TABLE):
                row = self.new_row(table, number)
                if table.name == "tenants" and number == 0:
                    row["id"] = self.tenant_id
                connection.execute(table.insert().values(row))
                self.rows[table.name].append(row)

    def new_row(self, table: Table, number: int) -> Row:
        """Values of every column; foreign keys lead to the household's own rows, in turns."""
        row = {column.name: _value(column) for column in table.columns}
        if "tenant_id" in row:
            row["tenant_id"] = self.tenant_id
        turns: dict[str, int] = {}
        for constraint in foreign_keys(table):
            target = constraint.referred_table.name
            turns[target] = turns.get(target, -1) + 1
            row |= self._linked(constraint, number + turns[target])
        return row

    def _linked(self, constraint: ForeignKeyConstraint, turn: int) -> Row:
        candidates = self.rows.get(constraint.referred_table.name, [])
        pairs = [(element.parent, element.column.name) for element in constraint.elements]
        if not candidates:
            return {column.name: None for column, _ in pairs if column.nullable}
        row = candidates[turn % len(candidates)]
        return {column.name: row[key] for column, key in pairs if column.name != "tenant_id"}


def foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    """In the order of their columns; that of tenant_id alone says nothing a row does not."""
    order = list(table.columns.keys())
    found = [key for key in table.foreign_key_constraints if key.column_keys != ["tenant_id"]]
    return sorted(found, key=lambda key: [order.index(name) for name in key.column_keys])


def _value(column: Column[Any]) -> Any:  # noqa: C901, PLR0911
    match column.type:
        case Enum() as kind:
            return kind.enums[0]
        case Text():
            return uuid.uuid4().hex
        case Boolean():
            return True
        case Integer() | BigInteger() | Numeric():
            return 1
        case Uuid():
            return uuid.uuid4()
        case DateTime():
            return _NOW
        case Date():
            return _NOW.date()
        case LargeBinary():
            return bytes(64)
        case JSONB():
            return {}
        case ARRAY():
            return []
    msg = f"no value for {column}"
    raise NotImplementedError(msg)
