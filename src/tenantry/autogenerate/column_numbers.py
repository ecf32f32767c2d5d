"""Columns that number their rows, and generated ones, of which Alembic compares too little: we do it instead."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column, Computed, DefaultClause, Identity

from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Key
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


def settle_numbers(
    live: Catalogue, desired: Catalogue, operations: Iterable[MigrateOperation], dropped: AbstractSet[str]
) -> None:
    """Leave identities that change to us, and to Alembic the serials, and what comes or goes with its column.

    :param operations: Alembic's, from which defaults that serials come or go with are taken out.
    :param dropped: tables that go.
    """
    columns = dict(_columns(operations))
    for key in {*_numbered(live), *_numbered(desired)}:
        sides = [side for side in (live.definitions.get(key), desired.definitions.get(key)) if side is not None]
        operation = columns.get(key[1])
        moves = isinstance(operation, stock.AddColumnOp | stock.DropColumnOp) or sides[0].belongs_to() in dropped
        if moves or not any(isinstance(side, definitions.Identity) for side in sides):
            live.definitions.pop(key, None)
            desired.definitions.pop(key, None)
        elif isinstance(operation, stock.AlterColumnOp) and len(sides) > 1:
            operation.modify_server_default = False


def _numbered(catalogue: Catalogue) -> Iterator[Key]:
    return (key for key, item in catalogue.definitions.items() if isinstance(item, definitions.NumberedColumn))


def _columns(operations: Iterable[MigrateOperation]) -> Iterator[tuple[str, MigrateOperation]]:
    for operation in operations:
        for inner in operation.ops if isinstance(operation, stock.ModifyTableOps) else ():
            if isinstance(inner, stock.AlterColumnOp | stock.DropColumnOp):
                yield f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}", inner
            elif isinstance(inner, stock.AddColumnOp):
                yield f"{dotted(inner.schema, inner.table_name)}.{inner.column.name}", inner
