"""Tables that were there before and now belong to tenants: a column that nobody can add with ADD COLUMN alone.

Its default knows no tenant while a migration runs, and the rows of before need one; the primary key takes the column
in, so that foreign keys to it have to go first and come back with the column as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column, ForeignKeyConstraint, Table
from sqlalchemy.dialects import postgresql

from tenantry.autogenerate.definitions import TenantColumn
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import CreateOp
from tenantry.autogenerate.primary_keys import (
    PrimaryKey,
    TableKey,
    constraint_name,
    declared_primary_key,
    keys_first,
)

_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_compiler = _dialect.ddl_compiler(_dialect, None)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Assignment:
    """Which column says whose a row is, and whose the rows of before are."""

    column: str = "tenant_id"
    tenant: str = "00000000-0000-0000-0000-000000000000"


def assign_tenants(
    operations: Sequence[MigrateOperation],
    tables: Mapping[TableKey, Table],
    live: Mapping[TableKey, PrimaryKey],
    assignment: Assignment,
) -> list[MigrateOperation]:
    """The operations, with the tenant's column of tables that are there already assigned and not merely added.

    :param live: the primary keys that tables have.
    """
    changing: set[str] = set()
    result: list[MigrateOperation] = []
    for operation in operations:
        added = _added(operation, assignment.column) if isinstance(operation, stock.ModifyTableOps) else None
        if isinstance(operation, stock.ModifyTableOps) and added is not None:
            key = (operation.schema, operation.table_name)
            column = _tenant_column(added.column, tables[key], assignment, live.get(key))
            operation.ops = [inner for inner in operation.ops if inner is not added and not _binds(inner, column)]
            changing.add(dotted(*key))
            result.append(CreateOp(column))
        result.append(operation)
    return keys_first(result, changing)


def _added(operation: stock.ModifyTableOps, column: str) -> stock.AddColumnOp | None:
    added = (inner for inner in operation.ops if isinstance(inner, stock.AddColumnOp))
    return next((inner for inner in added if inner.column.name == column and not inner.column.nullable), None)


def _tenant_column(
    column: Column[object], table: Table, assignment: Assignment, before: PrimaryKey | None
) -> TenantColumn:
    keys = [key for key in table.foreign_key_constraints if key.column_keys == [column.name]]
    after = declared_primary_key(table, before.name if before else "")
    changes = before is not None and after is not None and before.columns != after.columns
    return TenantColumn(
        table.name,
        column.name,
        schema=table.schema,
        tenant=assignment.tenant,
        type=column.type.compile(dialect=_dialect),
        default=_compiler.get_column_default_string(column),
        primary_key=(after.name, after.columns) if after is not None and changes else None,
        primary_key_before=(before.name, before.columns) if before is not None and changes else None,
        foreign_key=_foreign_key(keys[0], f"{table.name}_{column.name}_fkey") if keys else None,
        comment=column.comment,
    )


def _foreign_key(key: ForeignKeyConstraint, usual: str) -> tuple[str, str]:
    definition = _compiler.process(key)
    return constraint_name(key, usual), definition[definition.index("FOREIGN KEY") :]


def _binds(operation: MigrateOperation, column: TenantColumn) -> bool:
    """The foreign key that the column brings."""
    return isinstance(operation, stock.CreateForeignKeyOp) and operation.local_cols == [column.column]
