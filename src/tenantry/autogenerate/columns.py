"""Columns that number their rows, and generated ones, of which Alembic compares too little: we do it instead."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column, Computed, DefaultClause, Identity

from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import GeneratedColumn
from tenantry.autogenerate.definitions.row_security import dotted


def settle_default(operation: stock.AlterColumnOp, live: Column[Any], declared: Column[Any]) -> bool:
    """Whether Alembic has nothing more to compare: a default that is there besides comes after, and goes before."""
    kinds = Identity | Computed
    if not isinstance(live.server_default, kinds) and not isinstance(declared.server_default, kinds):
        return False
    if isinstance(declared.server_default, Identity) and live.nullable:
        operation.modify_nullable = False  # which Alembic leaves alone of an identity
    elif isinstance(live.server_default, Identity) and declared.nullable:
        operation.modify_nullable = True
    if isinstance(live.server_default, DefaultClause):
        operation.existing_server_default = live.server_default
        operation.modify_server_default = None
    elif isinstance(declared.server_default, DefaultClause):
        operation.existing_server_default = None
        operation.modify_server_default = declared.server_default
    return True


def settle_columns(
    live: Catalogue, desired: Catalogue, operations: Iterable[MigrateOperation], dropped: AbstractSet[str]
) -> None:
    """Leave identities and generated columns that change to us, and to Alembic what comes or goes with its column.

    :param operations: Alembic's, from which is taken out what our own operations do.
    :param dropped: tables that go.
    """
    columns = _columns(operations)
    for key in {*_found(live), *_found(desired)}:
        old, new = live.definitions.get(key), desired.definitions.get(key)
        sides = [side for side in (old, new) if side is not None]
        done = columns.get(key[1], ())
        moves = any(isinstance(item, stock.AddColumnOp | stock.DropColumnOp) for item in done)
        if moves or sides[0].belongs_to() in dropped or not any(isinstance(side, _OURS) for side in sides):
            live.definitions.pop(key, None)
            desired.definitions.pop(key, None)
            continue
        if isinstance(new, GeneratedColumn) and new.stored is None:
            desired.add(replace(new, stored=old.stored if isinstance(old, GeneratedColumn) else True))
        if len(sides) > 1:
            altered = [item for item in done if isinstance(item, stock.AlterColumnOp)]
            _take_out(altered, all_of_it=isinstance(new, GeneratedColumn))


_OURS = definitions.Identity | GeneratedColumn


def _take_out(operations: Iterable[stock.AlterColumnOp], *, all_of_it: bool) -> None:
    for operation in operations:
        operation.modify_server_default = False
        if all_of_it:
            operation.modify_type = operation.modify_nullable = None


def _found(catalogue: Catalogue) -> Iterator[Key]:
    kinds = definitions.NumberedColumn | GeneratedColumn
    return (key for key, item in catalogue.definitions.items() if isinstance(item, kinds))


def _columns(operations: Iterable[MigrateOperation]) -> dict[str, list[MigrateOperation]]:
    """What Alembic does to each column."""
    found: dict[str, list[MigrateOperation]] = defaultdict(list)
    for operation in operations:
        for inner in operation.ops if isinstance(operation, stock.ModifyTableOps) else ():
            if isinstance(inner, stock.AlterColumnOp | stock.DropColumnOp):
                found[f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}"].append(inner)
            elif isinstance(inner, stock.AddColumnOp):
                found[f"{dotted(inner.schema, inner.table_name)}.{inner.column.name}"].append(inner)
    return found
