"""Reference rows: what the tables hold against what the declaration says, value by value in PostgreSQL's own print."""

import contextlib
import dataclasses
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, text

from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions import Rows, sql
from tenantry.autogenerate.definitions.row_security import dotted, undotted
from tenantry.autogenerate.definitions.rows import hidden_rows, parameters, row_identity
from tenantry.autogenerate.desired import DeclaredRows, Namespace
from tenantry.autogenerate.scratch import ComparisonError

Row = Mapping[str, Any]

# Values of an enumeration are read as text: it may not have them yet.
_TYPES = """
    SELECT a.attname, CASE WHEN t.typtype = 'e' THEN 'text' WHEN e.typtype = 'e' THEN 'text[]'
                           ELSE format_type(a.atttypid, a.atttypmod) END, a.attgenerated <> '' AS generated,
           row_security_active(a.attrelid) AS guarded
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typlen = -1
    WHERE a.attrelid = to_regclass(:table) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@contextlib.contextmanager
def as_role(connection: Connection, role: str | None) -> Iterator[None]:
    """Read with the rights of a role, if it is there yet and the login may take it."""
    may = "SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = :role"
    if role is None or not connection.scalar(text(may), {"role": role}):
        yield
        return
    savepoint = connection.begin_nested()
    try:
        connection.execute(text(f"SET LOCAL ROLE {sql.identifier(role)}"))
        yield
    finally:
        savepoint.rollback()


@dataclasses.dataclass(frozen=True)
class RowChange:
    """Rows of one table before and after; ``None`` is absent."""

    old: Rows | None
    new: Rows | None


class RowComparison:
    """Compares declared rows with live ones.

    :param ledger: the rows that migrations inserted: they go when they leave the declaration.
    """

    def __init__(self, connection: Connection, namespace: Namespace, ledger: AbstractSet[Key]) -> None:
        self._connection = connection
        self._namespace = namespace
        self._ledger = {identity for kind, identity in ledger if kind == "row"}

    def compare(self, declared: Sequence[DeclaredRows]) -> Iterator[RowChange]:
        """The rows that have to be inserted, updated or deleted."""
        kept: set[str] = set()
        for item in declared:
            schema, name = self._namespace.schema(item.table.schema), item.table.name
            target = _Target(self._connection, schema, name, item.key)
            if any(identity.startswith(f"{dotted(schema, name)} {{") for identity in self._ledger):
                target.refuse_hidden()
            yield from target.compare(item.rows, item.initial)
            kept |= {row_identity(schema, name, item.key, target.canonical_key(row)) for row in item.rows}
        yield from self._gone(self._ledger - kept, kept)

    def lost(self, declared: Sequence[DeclaredRows], dropped: Mapping[str, Sequence[str]]) -> Iterator[RowChange]:
        """The values of declared rows in columns that go, to come back with them.

        :param dropped: the columns, by table.
        """
        for item in declared:
            schema, name = self._namespace.schema(item.table.schema), item.table.name
            columns = dropped.get(dotted(schema, name), ())
            if not columns or set(columns) & set(item.key):
                continue
            target = _Target(self._connection, schema, name, item.key)
            found = [(key, target.whole_row(key)) for row in item.rows if (key := {k: row[k] for k in item.key})]
            filled = [({**key, **{c: row[c] for c in columns}}, key) for key, row in found if row is not None]
            if filled:
                old, new = zip(*filled, strict=True)
                sides = (Rows(name, schema=schema, key=item.key, rows=tuple(side)) for side in (old, new))
                yield RowChange(*sides)

    def _gone(self, identities: Iterable[str], kept: AbstractSet[str]) -> Iterator[RowChange]:
        by_table: dict[tuple[str, tuple[str, ...]], list[Row]] = defaultdict(list)
        for identity in sorted(identities):
            table, brace, values = identity.partition(" {")
            row = json.loads(brace + values)
            by_table[table, tuple(row)].append(row)
        for (table, key), rows in by_table.items():
            schema, name = undotted(table)
            target = _Target(self._connection, schema, name, key)
            target.refuse_hidden()
            live = [found for row in rows if (found := target.whole_row(row))] if target.types else []
            gone = [row for row in live if row_identity(schema, name, key, row) not in kept]
            if gone:
                yield RowChange(Rows(name, schema=schema, key=key, rows=tuple(gone)), None)


class _Target:
    """One table as it is in the database; ``types`` is empty where it is not there yet."""

    def __init__(self, connection: Connection, schema: str | None, name: str, key: tuple[str, ...]) -> None:
        self._connection = connection
        self._schema = schema
        self._name = name
        self._key = key
        self._qualified = sql.qualified(schema, name)
        self._canonical_keys: dict[tuple[str | None, ...], dict[str, Any]] = {}
        columns = connection.execute(text(_TYPES), {"table": self._qualified}).all()
        self.types = {column: kind for column, kind, generated, _ in columns if not generated}
        self._guarded = any(guarded for *_, guarded in columns)

    def canonical_key(self, row: Row) -> dict[str, Any]:
        """The values that identify a row, as PostgreSQL prints them."""
        values = {name: row[name] for name in self._key}
        return self._canonical_keys.get(parameters(values.values()), values)

    def refuse_hidden(self) -> None:
        """Report that row security hides the rows, which must be there: they would be inserted once more."""
        any_row = f"SELECT FROM {self._qualified} LIMIT 1"
        if self._guarded and self._connection.exec_driver_sql(any_row).first() is None:
            role = str(self._connection.scalar(text("SELECT current_user")))
            raise ComparisonError(hidden_rows(self._qualified, role))

    def compare(self, rows: Sequence[dict[str, Any]], initial: AbstractSet[str]) -> Iterator[RowChange]:
        """Inserts and updates; columns that are ``initial`` are only filled."""
        missing: list[Row] = []
        before: list[Row] = []
        after: list[Row] = []
        for row, old in zip(rows, self._live(rows), strict=True):
            written = {**row, **self.canonical_key(row)}
            if old is None:
                missing.append(written)
                continue
            key = self.canonical_key(row)
            fixed = key.keys() | (initial & self.types.keys())  # a new column is filled once
            changed = {name: value for name, value in row.items() if name not in fixed and old.get(name) != value}
            if changed:
                before.append({**key, **{name: old.get(name) for name in changed}})
                after.append({**key, **changed})
        if after:
            yield RowChange(self._rows(before), self._rows(after))
        if missing:
            yield RowChange(None, self._rows(missing))

    def _rows(self, rows: Sequence[Row]) -> Rows:
        return Rows(self._name, schema=self._schema, key=self._key, rows=tuple(rows))

    def whole_row(self, key: Row) -> Row | None:
        """All of a row, so that deleting it can be undone."""
        names = ", ".join(f"{sql.identifier(name)}::text" for name in self.types)
        condition = " AND ".join(f"{sql.identifier(name)} = %s" for name in key)
        query = f"SELECT {names} FROM {self._qualified} WHERE {condition}"
        found = self._connection.exec_driver_sql(query, parameters(key.values())).first()
        return None if found is None else dict(zip(self.types, found, strict=True))

    def _live(self, rows: Sequence[dict[str, Any]]) -> list[Row | None]:
        """For each declared row the live one, written as the declared one where the two mean the same."""
        if not all(name in self.types for name in self._key):
            return [None] * len(rows)
        live: list[Row | None] = [None] * len(rows)
        by_columns: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, row in enumerate(rows):
            by_columns[tuple(name for name in row if name in self.types)].append(number)
        for columns, numbers in by_columns.items():
            for position, printed, found in self._fetch(columns, [rows[number] for number in numbers]):
                declared = rows[numbers[position]]
                key = parameters(declared[name] for name in self._key)
                self._canonical_keys[key] = {name: printed[columns.index(name)] for name in self._key}
                if found is not None:
                    pairs = zip(columns, printed, found, strict=True)
                    live[numbers[position]] = {
                        name: declared[name] if same == other else other for name, same, other in pairs
                    }
        return live

    def _fetch(
        self, columns: tuple[str, ...], rows: Sequence[Row]
    ) -> Iterator[tuple[int, Sequence[str | None], Sequence[str | None] | None]]:
        """Position, the declared values as their type prints them, and the live ones."""
        names = [f"c{number}" for number in range(len(columns))]
        casts = [f"d.{name}::{self.types[column]}" for name, column in zip(names, columns, strict=True)]
        key = " AND ".join(
            f"t.{sql.identifier(name)}::{self.types[name]} = {casts[columns.index(name)]}" for name in self._key
        )
        live = ", ".join(f"t.{sql.identifier(column)}::text" for column in columns)
        query = (
            f"SELECT d.position - 1, t.{sql.identifier(self._key[0])} IS NOT NULL, "
            f"ARRAY[{', '.join(f'{cast}::text' for cast in casts)}], ARRAY[{live}] "
            f"FROM unnest({', '.join(['%s::text[]'] * len(columns))}) WITH ORDINALITY "
            f"AS d({', '.join(names)}, position) LEFT JOIN {self._qualified} t ON {key} ORDER BY d.position"
        )
        values = [list(parameters(row[column] for row in rows)) for column in columns]
        for position, exists, printed, found in self._connection.exec_driver_sql(query, tuple(values)):
            yield position, printed, found if exists else None
