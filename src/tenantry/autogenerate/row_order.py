"""The order of reference rows, which foreign keys decide: between tables, and within a tree in one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ForeignKeyConstraint, Table

from tenantry.autogenerate.definitions import Rows
from tenantry.autogenerate.definitions.rows import Row, parameters
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp
from tenantry.autogenerate.reference_rows import RowChange

Tables = Mapping[str, Table]


def row_operations(
    changes: Sequence[RowChange], tables: Tables, position: Mapping[Table, int]
) -> Iterator[DefinitionOp]:
    """Inserts and updates in the order of foreign keys, deletes in the opposite one.

    Deletes come first, which frees what has to be unique; but last where rows that refer to them are moved away.

    :param tables: the declared tables, by the identity of their rows.
    :param position: the place of each table in the order of foreign keys.
    """
    moved = {tables[change.new.identity] for change in changes if change.old is not None and change.new is not None}
    left = {key.column.table for table in moved for key in table.foreign_keys}

    def place(rows: Rows) -> int:
        return position[tables[rows.identity]] if rows.identity in tables else -1

    deleted = [change.old for change in changes if change.old is not None and change.new is None]
    drops = [
        (tables.get(rows.identity) in left, DropOp(_parents_first(rows, tables)))
        for rows in sorted(deleted, key=place, reverse=True)
    ]
    yield from (drop for late, drop in drops if not late)
    for change in sorted(changes, key=lambda change: 0 if change.new is None else place(change.new)):
        if change.new is not None and change.old is not None:
            yield ReplaceOp(change.old, change.new)
        elif change.new is not None:
            yield CreateOp(_parents_first(change.new, tables))
    yield from (drop for late, drop in drops if late)


def _parents_first(rows: Rows, tables: Tables) -> Rows:
    keys = [key for key in _foreign_keys(tables.get(rows.identity)) if key.referred_table is key.table]
    if not keys:
        return rows
    result: list[Row] = []
    for row in rows.rows:
        _add_with_parents(row, rows.rows, keys, result)
    return replace(rows, rows=tuple(result))


def _foreign_keys(table: Table | None) -> Iterable[ForeignKeyConstraint]:
    return () if table is None else table.foreign_key_constraints


def _add_with_parents(
    row: Row, rows: Sequence[Row], keys: Sequence[ForeignKeyConstraint], result: list[Row], above: Sequence[Row] = ()
) -> None:
    if any(row is other for other in (*result, *above)):
        return
    for key in keys:
        wanted = parameters(row.get(name) for name in key.column_keys)
        referred = [element.column.name for element in key.elements]
        for parent in rows:
            if parameters(parent.get(name) for name in referred) == wanted:
                _add_with_parents(parent, rows, keys, result, (*above, row))
    result.append(row)
