"""The order of reference rows, which foreign keys decide: between tables, and within a tree in one table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ForeignKeyConstraint, Table

from tenantry.autogenerate.definitions import Rows
from tenantry.autogenerate.definitions.rows import Row, parameters
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp
from tenantry.autogenerate.reference_rows import RowChange

Tables = Mapping[str, Table]


def row_operations(changes: Sequence[RowChange], tables: Tables) -> Iterator[DefinitionOp]:
    """Inserts and updates in the order of foreign keys, deletes in the opposite one.

    Deletes come first, which frees what has to be unique; but last where rows that refer to them are moved away.

    :param tables: the tables that are declared or dropped, by the identity of their rows.
    """
    order = _by_reference(tables.values())
    place = {name: order.index(table.fullname) for name, table in tables.items()}
    moved = {tables[change.new.identity] for change in changes if change.old is not None and change.new is not None}
    left = {name for table in moved for name in _referred(table)}
    deleted = [change.old for change in changes if change.old is not None and change.new is None]
    drops = [
        (rows.identity in tables and tables[rows.identity].fullname in left, DropOp(_parents_first(rows, tables)))
        for rows in sorted(deleted, key=lambda rows: place.get(rows.identity, -1), reverse=True)
    ]
    yield from (drop for late, drop in drops if not late)
    written = [(change.old, change.new) for change in changes if change.new is not None]
    for old, new in sorted(written, key=lambda pair: place[pair[1].identity]):
        yield CreateOp(_parents_first(new, tables)) if old is None else ReplaceOp(old, new)
    yield from (drop for late, drop in drops if late)


def _by_reference(tables: Iterable[Table]) -> list[str]:
    """The names of tables, each after those it refers to, as far as they do not go in a circle."""
    found = {table.fullname: table for table in tables}
    seen: set[str] = set()
    result: list[str] = []

    def visit(name: str) -> None:
        if name in found and name not in seen:
            seen.add(name)
            for other in sorted(_referred(found[name])):
                visit(other)
            result.append(name)

    for name in sorted(found):
        visit(name)
    return result


def _referred(table: Table) -> set[str]:
    return {key.target_fullname.rpartition(".")[0] for key in table.foreign_keys}


def _parents_first(rows: Rows, tables: Tables) -> Rows:
    keys = [key for key in _foreign_keys(tables.get(rows.identity)) if _within(key)]
    if not keys:
        return rows
    result: list[Row] = []
    for row in rows.rows:
        _add_with_parents(row, rows.rows, keys, result)
    return replace(rows, rows=tuple(result))


def _foreign_keys(table: Table | None) -> Iterable[ForeignKeyConstraint]:
    return () if table is None else table.foreign_key_constraints


def _within(key: ForeignKeyConstraint) -> bool:
    return all(element.target_fullname.rpartition(".")[0] == key.table.fullname for element in key.elements)


def _add_with_parents(
    row: Row, rows: Sequence[Row], keys: Sequence[ForeignKeyConstraint], result: list[Row], above: Sequence[Row] = ()
) -> None:
    if any(row is other for other in (*result, *above)):
        return
    for key in keys:
        wanted = parameters(row.get(name) for name in key.column_keys)
        referred = [element.target_fullname.rpartition(".")[2] for element in key.elements]
        for parent in rows:
            if parameters(parent.get(name) for name in referred) == wanted:
                _add_with_parents(parent, rows, keys, result, (*above, row))
    result.append(row)
