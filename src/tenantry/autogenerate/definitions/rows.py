"""Reference rows."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted

Row = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Rows(TableDefinition):
    """Rows of a table.

    :param key: the columns that identify a row.
    :param rows: one mapping a row, of column name to a JSON value.
    """

    kind = "rows"
    _: KW_ONLY
    key: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.table)

    def to_drop(self) -> Self:
        """The keys."""
        return dataclasses.replace(self, rows=tuple({name: row[name] for name in self.key} for row in self.rows))

    def ledger_entries(self) -> Sequence[tuple[str, str]]:  # noqa: D102
        return [("row", row_identity(self.schema, self.table, self.key, row)) for row in self.rows]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [self._insert(row) for row in self.rows]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [self._refuse_hidden(), *(self._delete(row) for row in reversed(self.rows))]

    def replace(self, old: Self) -> Sequence[Statement]:
        """Rows correspond by position: both sides name the same keys in the same order."""
        updates = [update for pair in zip(self.rows, old.rows, strict=True) if (update := self._update(*pair))]
        return [self._refuse_hidden(), *updates] if updates else []

    def _refuse_hidden(self) -> Statement:
        """UPDATE and DELETE pass over rows that row security hides without a word."""
        hidden = f"row_security_active({sql.literal(self.target)}) AND NOT EXISTS (SELECT FROM {self.target})"
        message = sql.literal(hidden_rows(self.target.replace("%", "%%"), "%"))
        body = f"BEGIN IF {hidden} THEN RAISE EXCEPTION {message}, current_user; END IF; END"
        return Statement(f"DO {sql.dollar_quoted(body)}")

    def _insert(self, row: Row) -> Statement:
        names = sql.identifiers(row)
        places = ", ".join(["%s"] * len(row))
        return Statement(
            f"INSERT INTO {self.target} ({names}) OVERRIDING SYSTEM VALUE VALUES ({places})", parameters(row.values())
        )

    def _update(self, row: Row, before: Row) -> Statement | None:
        """Values in columns that go with them are not changed before."""
        changed = {name: value for name, value in row.items() if name not in before or before[name] != value}
        if not changed:
            return None
        assignments = ", ".join(f"{sql.identifier(name)} = %s" for name in changed)
        condition, key = self._where(row)
        return Statement(
            f"UPDATE {self.target} SET {assignments} WHERE {condition}", parameters(changed.values()) + key
        )

    def _delete(self, row: Row) -> Statement:
        condition, key = self._where(row)
        return Statement(f"DELETE FROM {self.target} WHERE {condition}", key)

    def _where(self, row: Row) -> tuple[str, tuple[str | None, ...]]:
        condition = " AND ".join(f"{sql.identifier(name)} = %s" for name in self.key)
        return condition, parameters(row[name] for name in self.key)

    def label(self) -> str:  # noqa: D102
        keys = "; ".join(", ".join(str(row[name]) for name in self.key) for row in self.rows)
        return f"rows of {self.identity}: {keys}"


def hidden_rows(table: str, role: str) -> str:
    """What is wrong where a migration does not see the rows that it is to change."""
    return (
        f"row security shows {role} no row of {table}: declare a policy for that role, "
        "or RowSecurity(force=False) if it owns the table"
    )


def row_identity(schema: str | None, table: str, key: Sequence[str], row: Row) -> str:
    """What the ledger calls a row: its table and the values that identify it."""
    values = json.dumps({name: _text(row[name]) for name in key}, ensure_ascii=False, sort_keys=True)
    return f"{dotted(schema, table)} {values}"


def parameters(values: Any) -> tuple[str | None, ...]:
    """Values as text, which PostgreSQL reads as whatever type the column has."""
    return tuple(_text(value) for value in values)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
