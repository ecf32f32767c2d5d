"""Columns that reference rows fill: NOT NULL holds once the rows of the revision are there, and until they go."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column

from tenantry.autogenerate.definitions import Rows
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import DefinitionOp


class FilledColumns(stock.ModifyTableOps):
    """A column whose NOT NULL comes after the rows, or goes before them."""

    @property
    def required(self) -> bool:
        """Whether it comes."""
        return any(isinstance(inner, stock.AlterColumnOp) and inner.modify_nullable is False for inner in self.ops)


def with_filled_columns(
    operations: Iterable[MigrateOperation], rows: Iterable[MigrateOperation]
) -> Iterator[MigrateOperation]:
    """The operations on tables, with columns that are filled by rows added, and added back, without NOT NULL.

    :param rows: the operations on rows.
    """
    gained, lost = _columns(rows)
    for operation in operations:
        yield operation
        if type(operation) is stock.ModifyTableOps:
            table = dotted(operation.schema, operation.table_name)
            for inner in operation.ops:
                change = _relaxed(inner, gained[table], lost[table])
                if change is not None:
                    yield FilledColumns(operation.table_name, [change], schema=operation.schema)


Names = dict[str, set[str]]


def _columns(operations: Iterable[MigrateOperation]) -> tuple[Names, Names]:
    """The columns that rows of each table have afterwards, and before."""
    gained: Names = defaultdict(set)
    lost: Names = defaultdict(set)
    for operation in operations:
        if isinstance(operation, DefinitionOp):
            for item, names in ((operation.new, gained), (operation.old, lost)):
                if isinstance(item, Rows):
                    names[item.identity] |= {name for row in item.rows for name in row}
    return gained, lost


def _relaxed(operation: MigrateOperation, gained: set[str], lost: set[str]) -> stock.AlterColumnOp | None:
    """The change of NOT NULL that makes room for the rows, taken out of the operation."""
    if isinstance(operation, stock.AddColumnOp) and operation.column.name in gained:
        column = operation.column
        if _is_bare(column):
            operation.column = _without_not_null(column)
            return _changed(operation, column, before=True, after=False)
    elif isinstance(operation, stock.DropColumnOp) and operation.column_name in lost:
        column = operation.to_column()
        if _is_bare(column):
            added = stock.AddColumnOp(operation.table_name, _without_not_null(column), schema=operation.schema)
            operation._reverse = added  # noqa: SLF001
            return _changed(operation, column, before=False, after=True)
    return None


def _is_bare(column: Column[object]) -> bool:
    """Whether nothing but rows gives it a value."""
    return not column.nullable and column.server_default is None and not column.primary_key


def _without_not_null(column: Column[object]) -> Column[object]:
    """A copy: the column itself belongs to the declaration."""
    copied = column._copy()  # noqa: SLF001
    copied.nullable = True
    return copied


def _changed(
    operation: stock.AddColumnOp | stock.DropColumnOp, column: Column[object], *, before: bool, after: bool
) -> stock.AlterColumnOp:
    return stock.AlterColumnOp(
        operation.table_name,
        column.name,
        schema=operation.schema,
        existing_type=column.type,
        existing_nullable=before,
        modify_nullable=after,
    )
