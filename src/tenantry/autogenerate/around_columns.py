"""Indexes and keys of tables whose columns get another type, or are made anew: dropped before, made after."""

from collections.abc import Iterable, Iterator, Sequence

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.definitions import GeneratedColumn, NamedType, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.definitions.types import type_name
from tenantry.autogenerate.ops import CreateOp, DropOp, ReplaceOp
from tenantry.autogenerate.primary_keys import dropped_reference, reference

_DROPS = stock.DropIndexOp | stock.DropConstraintOp
_CREATES = stock.CreateIndexOp | stock.AddConstraintOp


class AroundColumns(stock.ModifyTableOps):
    """Operations on a table that have to wait for its columns, or these for them.

    :ivar types: the names of the converted types.
    """

    types: frozenset[str] = frozenset()

    @property
    def tables(self) -> set[str]:
        """The tables whose columns they use: their own, and those that foreign keys refer to."""
        referred = {reference(inner) or dropped_reference(inner) for inner in self.ops}
        return {dotted(self.schema, self.table_name), *(table for table in referred if table is not None)}


class DropsBefore(AroundColumns):
    """What goes before the columns change."""


class CreatesAfter(AroundColumns):
    """What comes once they have."""


def around_columns(
    operations: Sequence[MigrateOperation], ours: Iterable[MigrateOperation]
) -> Iterator[MigrateOperation]:
    """The operations on tables, each with its drops before, and its creates after, columns get another type.

    :param ours: the operations of the comparison, among them conversions of types.
    """
    changing = _changing(ours)
    for operation in operations:
        if type(operation) is not stock.ModifyTableOps:
            yield operation
            continue
        types = changing.get(dotted(operation.schema, operation.table_name))
        split = types is not None or _retypes(operation)
        yield from _split(operation, types or frozenset()) if split else [operation]


def _changing(operations: Iterable[MigrateOperation]) -> dict[str, frozenset[str]]:
    """The tables in which types are converted, with these, or generated columns are made anew."""
    found: dict[str, frozenset[str]] = {}
    for operation in operations:
        if isinstance(operation, CreateOp | DropOp) and isinstance(operation.definition, GeneratedColumn):
            found.setdefault(operation.definition.belongs_to() or "", frozenset())
        if isinstance(operation, ReplaceOp) and isinstance(operation.new, NamedType):
            for table, _ in operation.new.columns or ():
                name = sql.unquoted(table)
                found[name] = found.get(name, frozenset()) | {type_name(operation.new.schema, operation.new.name)}
    return found


def _retypes(operation: stock.ModifyTableOps) -> bool:
    return any(isinstance(inner, stock.AlterColumnOp) and inner.modify_type is not None for inner in operation.ops)


def _split(operation: stock.ModifyTableOps, types: frozenset[str]) -> Iterator[MigrateOperation]:
    drops = [inner for inner in operation.ops if isinstance(inner, _DROPS)]
    creates = [inner for inner in operation.ops if isinstance(inner, _CREATES)]
    operation.ops = [inner for inner in operation.ops if not isinstance(inner, _DROPS | _CREATES)]
    yield from _part(DropsBefore, operation, drops, types)
    if operation.ops:
        yield operation
    yield from _part(CreatesAfter, operation, creates, types)


def _part(
    kind: type[AroundColumns], of: stock.ModifyTableOps, inner: Sequence[MigrateOperation], types: frozenset[str]
) -> Iterator[AroundColumns]:
    if inner:
        part = kind(of.table_name, inner, schema=of.schema)
        part.types = types
        yield part
