"""Tables that were there before and now belong to tenants: a column that nobody can add with ADD COLUMN alone.

Its default knows no tenant while a migration runs, and the rows of before need one; the primary key takes the column
in, so that foreign keys to it have to go first and come back with the column as well.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column, Connection, Constraint, ForeignKeyConstraint, Table, text
from sqlalchemy.dialects import postgresql

from tenantry.autogenerate.definitions import TenantColumn, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import CreateOp

Tables = Mapping[tuple[str | None, str], Table]
PrimaryKey = tuple[str, tuple[str, ...]]

_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_compiler = _dialect.ddl_compiler(_dialect, None)  # type: ignore[arg-type]

_PRIMARY_KEY = """
    SELECT k.conname, ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c (number, place)
                            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.number ORDER BY c.place)
    FROM pg_constraint k WHERE k.contype = 'p' AND k.conrelid = to_regclass(:table)
"""


@dataclass(frozen=True)
class Assignment:
    """Which column says whose a row is, and whose the rows of before are."""

    column: str = "tenant_id"
    tenant: str = "00000000-0000-0000-0000-000000000000"


class KeyDrops(stock.ModifyTableOps):
    """Foreign keys that go before the primary key changes that they refer to."""

    @property
    def referred(self) -> set[str]:
        """The tables whose keys they are."""
        return {table for inner in self.ops if (table := _referred(inner)) is not None}


def assign_tenants(
    connection: Connection, operations: Sequence[MigrateOperation], tables: Tables, assignment: Assignment
) -> list[MigrateOperation]:
    """The operations, with the tenant's column of tables that are there already assigned and not merely added."""
    modified = [operation for operation in operations if isinstance(operation, stock.ModifyTableOps)]
    assigned = [operation for operation in modified if _added(operation, assignment.column) is not None]
    changing = {dotted(operation.schema, operation.table_name) for operation in assigned}
    result: list[MigrateOperation] = []
    for operation in operations:
        if not changing or not isinstance(operation, stock.ModifyTableOps):
            result.append(operation)
            continue
        added = _added(operation, assignment.column)
        if added is not None:
            table = tables[operation.schema, operation.table_name]
            column = _tenant_column(added.column, table, assignment, _primary_key(connection, operation))
            operation.ops = [inner for inner in operation.ops if inner is not added and not _binds(inner, column)]
            result.append(CreateOp(column))
        result += _split(operation, changing)
    return result


def _added(operation: stock.ModifyTableOps, column: str) -> stock.AddColumnOp | None:
    added = (inner for inner in operation.ops if isinstance(inner, stock.AddColumnOp))
    return next((inner for inner in added if inner.column.name == column and not inner.column.nullable), None)


def _primary_key(connection: Connection, table: stock.ModifyTableOps) -> PrimaryKey | None:
    found = connection.execute(text(_PRIMARY_KEY), {"table": sql.qualified(table.schema, table.table_name)}).first()
    return None if found is None else (found[0], tuple(found[1]))


def _tenant_column(
    column: Column[object], table: Table, assignment: Assignment, before: PrimaryKey | None
) -> TenantColumn:
    keys = [key for key in table.foreign_key_constraints if key.column_keys == [column.name]]
    columns = tuple(found.name for found in table.primary_key.columns)
    after = (_name(table.primary_key, before[0] if before else ""), columns)
    changes = before is not None and before[1] != columns
    return TenantColumn(
        table.name,
        column.name,
        schema=table.schema,
        tenant=assignment.tenant,
        type=column.type.compile(dialect=_dialect),
        default=_compiler.get_column_default_string(column),
        primary_key=after if changes else None,
        primary_key_before=before if changes else None,
        foreign_key=_foreign_key(keys[0], f"{table.name}_{column.name}_fkey") if keys else None,
        comment=column.comment,
    )


def _foreign_key(key: ForeignKeyConstraint, usual: str) -> tuple[str, str]:
    definition = _compiler.process(key)
    return _name(key, usual), definition[definition.index("FOREIGN KEY") :]


def _name(constraint: Constraint, usual: str) -> str:
    """What it is called, by itself or by the metadata's convention; or as PostgreSQL would call it."""
    if constraint.name is None:
        return usual
    return sql.unquoted(_dialect.identifier_preparer.format_constraint(constraint) or usual)


def _binds(operation: MigrateOperation, column: TenantColumn) -> bool:
    """The foreign key that the column brings."""
    return isinstance(operation, stock.CreateForeignKeyOp) and operation.local_cols == [column.column]


def _split(table: stock.ModifyTableOps, changing: set[str]) -> Iterator[stock.ModifyTableOps]:
    """Foreign keys to a changing primary key, which go first; and the rest."""
    dropped = [inner for inner in table.ops if _referred(inner) in changing]
    kept = [inner for inner in table.ops if inner not in dropped]
    if dropped:
        yield KeyDrops(table.table_name, dropped, schema=table.schema)
    if kept:
        yield stock.ModifyTableOps(table.table_name, kept, schema=table.schema)


def _referred(operation: MigrateOperation) -> str | None:
    reverse = getattr(operation, "_reverse", None)
    if isinstance(operation, stock.DropConstraintOp) and isinstance(reverse, stock.CreateForeignKeyOp):
        return dotted(reverse.kw.get("referent_schema"), reverse.referent_table)
    return None
