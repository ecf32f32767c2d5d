"""Indexes and unique keys that Alembic would drop and build anew, only to give them another name."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.definitions import Constraint, Index, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import ReplaceOp


def rename_keys(operations: Sequence[MigrateOperation], ours: Sequence[MigrateOperation]) -> list[MigrateOperation]:
    """The operations on tables, without building what only gets another name.

    :param ours: the operations of the comparison, which has found the renamed indexes.
    """
    renamed = {name for operation in ours for name in _renamed_indexes(operation)}
    return [kept for operation in operations for kept in _without(operation, renamed)]


def _renamed_indexes(operation: MigrateOperation) -> Iterator[str]:
    if isinstance(operation, ReplaceOp):
        old, new = operation.old, operation.new
        if isinstance(old, Index) and isinstance(new, Index) and new.renaming(old):
            yield from (old.identity, new.identity)


def _without(operation: MigrateOperation, renamed: set[str]) -> Iterator[MigrateOperation]:
    if not isinstance(operation, stock.ModifyTableOps):
        yield operation
        return
    operation.ops = [inner for inner in operation.ops if _index(inner) not in renamed]
    yield from _unique_keys(operation)
    if operation.ops:
        yield operation


def _index(operation: MigrateOperation) -> str | None:
    if not isinstance(operation, stock.CreateIndexOp | stock.DropIndexOp):
        return None
    return f"{dotted(operation.schema, operation.table_name or '')}.{operation.index_name}"


def _unique_keys(table: stock.ModifyTableOps) -> Iterator[ReplaceOp]:
    """The renames among the unique keys of a table, taken out of its operations."""
    dropped: dict[str, list[stock.DropConstraintOp]] = defaultdict(list)
    created: dict[str, list[stock.CreateUniqueConstraintOp]] = defaultdict(list)
    for inner in table.ops:
        if isinstance(inner, stock.DropConstraintOp) and isinstance(inner._reverse, stock.CreateUniqueConstraintOp):  # noqa: SLF001
            dropped[_columns(inner._reverse)].append(inner)  # noqa: SLF001
        elif isinstance(inner, stock.CreateUniqueConstraintOp) and not inner.kw.get("deferrable"):
            created[_columns(inner)].append(inner)
    for columns, olds in dropped.items():
        news = created.get(columns, [])
        if len(olds) == len(news) == 1:
            table.ops = [inner for inner in table.ops if inner not in (*olds, *news)]
            old = Constraint(table.table_name, str(olds[0].constraint_name), f"UNIQUE {columns}", schema=table.schema)
            yield ReplaceOp(old, old.named(str(news[0].constraint_name)))


def _columns(key: stock.CreateUniqueConstraintOp) -> str:
    """What the key is unique by; Alembic reports the option where it is off, too."""
    nulls = "NULLS NOT DISTINCT " if key.kw.get("postgresql_nulls_not_distinct") else ""
    include = key.kw.get("postgresql_include")
    return f"{nulls}({sql.identifiers(key.columns)})" + (f" INCLUDE ({sql.identifiers(include)})" if include else "")
