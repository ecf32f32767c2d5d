"""The reference rows that metadatas declare, with values as SQL reads them."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, MetaData, Table, Uuid
from sqlalchemy.dialects.postgresql import Range

from tenantry import ddl


@dataclasses.dataclass(frozen=True)
class DeclaredRows:
    """The rows of one table.

    :param key: the columns that identify a row.
    :param rows: one mapping a row, by column name.
    :param initial: columns that matter only when a row is inserted.
    """

    table: Table
    key: tuple[str, ...]
    rows: list[dict[str, Any]]
    initial: frozenset[str]


def declared_rows(metadatas: Iterable[MetaData]) -> list[DeclaredRows]:
    """The reference rows of each table, by column name, with values as SQL reads them."""
    return [
        DeclaredRows(
            rows.table,
            rows.key,
            [_row(rows.table, row) for row in rows.rows],
            frozenset(_row(rows.table, dict.fromkeys(rows.initial))),
        )
        for metadata in metadatas
        for rows in ddl.declared(metadata, ddl.Rows)
    ]


def _row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Column[Any]] = {**{column.name: column for column in table.columns}, **dict(table.columns)}
    return {columns[name].name: _value(columns[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, JSON) and value is not None:
        return value if isinstance(value, dict | list) else json.dumps(value)
    if isinstance(column.type, ARRAY) and isinstance(value, Sequence) and not isinstance(value, str):
        return _array(value)
    if isinstance(column.type, Uuid) and isinstance(value, str):
        return str(uuid.UUID(value))
    return _plain(value)


def _array(items: Sequence[Any]) -> str:
    return "{" + ",".join(_element(item) for item in items) + "}"


def _element(item: Any) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list | tuple):
        return _array(item)
    escaped = str(_plain(item)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, decimal.Decimal | uuid.UUID | float | dt.timedelta | Range):
        return str(value)
    return value
