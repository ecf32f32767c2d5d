"""Reference rows: what a table holds from the first day on."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenantry.ddl.attachment import DeclarationError, attach, table_of, words


class Rows:
    """Rows that are part of the schema, as plans, permissions or countries are.

    :param table: the table, or the class mapped to it.
    :param rows: one mapping a row, by column name; every row has the key's columns.
    :param key: the columns that identify a row; the primary key unless given.
    :param initial: columns that a row is only inserted with, because people change them in the database afterwards.
    """

    def __init__(
        self,
        table: Any,
        rows: Sequence[Mapping[str, Any]],
        *,
        key: str | list[str] | tuple[str, ...] | None = None,
        initial: str | list[str] | tuple[str, ...] = (),
    ) -> None:
        self.table = table_of(table)
        self.key = words(key) if key else tuple(column.name for column in self.table.primary_key)
        self.initial = words(initial)
        self.rows = [dict(row) for row in rows]
        self._refuse_unknown_columns()
        attach(self.table.metadata, self)

    def _refuse_unknown_columns(self) -> None:
        known = set(self.table.columns.keys()) | {column.name for column in self.table.columns}
        for column in self.initial:
            if column in self.key or column not in known:
                reason = "identifies a row and cannot be" if column in self.key else "does not exist, but is"
                msg = f"rows of {self.table.name}: {column} {reason} only initial"
                raise DeclarationError(msg)
        seen = set()
        for row in self.rows:
            if unknown := set(row) - known:
                msg = f"rows of {self.table.name}: no column {', '.join(sorted(unknown))}"
                raise DeclarationError(msg)
            if missing := [column for column in self.key if row.get(column) is None]:
                msg = f"rows of {self.table.name}: {row!r} lacks {', '.join(missing)}, which identifies it"
                raise DeclarationError(msg)
            identity = tuple(str(row[column]) for column in self.key)
            if identity in seen:
                msg = f"rows of {self.table.name}: {dict(zip(self.key, identity, strict=True))} is declared twice"
                raise DeclarationError(msg)
            seen.add(identity)

    def __repr__(self) -> str:
        return f"Rows({self.table.name!r}, {len(self.rows)} rows)"
