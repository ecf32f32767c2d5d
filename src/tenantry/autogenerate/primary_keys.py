"""Primary keys of other columns than before, which Alembic does not compare."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, Table
from sqlalchemy import Constraint as DeclaredConstraint
from sqlalchemy.dialects import postgresql

from tenantry.autogenerate.definitions import Constraint, TenantColumn, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect import Scope
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp

TableKey = tuple[str | None, str]

_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]

PRIMARY_KEYS = """
    SELECT n.nspname, c.relname, k.conname,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS i (number, place)
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = i.number ORDER BY i.place) AS columns
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND k.contype = 'p' AND NOT c.relispartition
"""


@dataclass(frozen=True)
class PrimaryKey:
    """What a primary key is called, and its columns in their order."""

    name: str
    columns: tuple[str, ...]


class KeyDrops(stock.ModifyTableOps):
    """Foreign keys that go before the primary key changes that they refer to."""

    @property
    def referred(self) -> set[str]:
        """The tables whose keys they are."""
        return {table for inner in self.ops if (table := dropped_reference(inner)) is not None}


def inspect_primary_keys(connection: Connection, scope: Scope) -> dict[TableKey, PrimaryKey]:
    """Those of all tables that are no partitions."""
    found = scope.rows(connection, PRIMARY_KEYS)
    return {(scope.schema(row.nspname), row.relname): PrimaryKey(row.conname, tuple(row.columns)) for row in found}


def declared_primary_key(table: Table, usual: str) -> PrimaryKey | None:
    """What a table declares; without a name it has the usual one."""
    columns = tuple(column.name for column in table.primary_key.columns)
    return PrimaryKey(constraint_name(table.primary_key, usual), columns) if columns else None


def constraint_name(constraint: DeclaredConstraint, usual: str) -> str:
    """What it is called, by itself or by the metadata's convention; or as PostgreSQL would call it."""
    if constraint.name is None:
        return usual
    return sql.unquoted(_dialect.identifier_preparer.format_constraint(constraint) or usual)


def exchange_primary_keys(
    operations: Sequence[MigrateOperation], tables: Mapping[TableKey, Table], live: Mapping[TableKey, PrimaryKey]
) -> list[MigrateOperation]:
    """The operations on tables, with changed primary keys exchanged once their columns are there."""
    exchanges = {key: operation for key, operation in _exchanges(tables, live) if key not in _whole(operations)}
    result: list[MigrateOperation] = []
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps) and not isinstance(operation, KeyDrops):
            exchange = exchanges.pop((operation.schema, operation.table_name), None)
            if exchange is not None:
                operation.ops.insert(_after_columns(operation.ops), exchange)
        result.append(operation)
    result += [stock.ModifyTableOps(name, [exchange], schema=schema) for (schema, name), exchange in exchanges.items()]
    return keys_first(result, {table for operation in result for table in exchanged(operation)})


def _exchanges(
    tables: Mapping[TableKey, Table], live: Mapping[TableKey, PrimaryKey]
) -> Iterable[tuple[TableKey, DefinitionOp]]:
    for key, table in tables.items():
        old = live.get(key)
        new = declared_primary_key(table, old.name if old else f"{table.name}_pkey")
        if (old.columns if old else ()) == (new.columns if new else ()):
            continue
        before, after = (None if one is None else _constraint(key, one) for one in (old, new))
        if before is not None and after is not None:
            yield key, ReplaceOp(before, after)
        elif after is not None:
            yield key, CreateOp(after)
        elif before is not None:
            yield key, DropOp(before)


def _constraint(table: TableKey, key: PrimaryKey) -> Constraint:
    return Constraint(table[1], key.name, f"PRIMARY KEY ({sql.identifiers(key.columns)})", schema=table[0])


def _whole(operations: Iterable[MigrateOperation]) -> set[TableKey]:
    """Tables that come or go with their keys, or exchange them with their tenant's column."""
    found = set()
    for operation in operations:
        if isinstance(operation, stock.CreateTableOp | stock.DropTableOp):
            found.add((operation.schema, operation.table_name))
        elif isinstance(operation, CreateOp) and isinstance(operation.definition, TenantColumn):
            found.add((operation.definition.schema, operation.definition.table))
    return found


def _after_columns(operations: Sequence[MigrateOperation]) -> int:
    columns = stock.AddColumnOp | stock.AlterColumnOp
    return max((place + 1 for place, inner in enumerate(operations) if isinstance(inner, columns)), default=0)


def exchanged(operation: MigrateOperation) -> set[str]:
    """The table whose primary key an operation exchanges, among what else it does."""
    inner_operations = operation.ops if isinstance(operation, stock.ModifyTableOps) else ()
    definitions = [inner.definition for inner in inner_operations if isinstance(inner, DefinitionOp)]
    return {definition.belongs_to() or "" for definition in definitions if isinstance(definition, Constraint)}


def keys_first(operations: Sequence[MigrateOperation], changing: set[str]) -> list[MigrateOperation]:
    """The operations, with the foreign keys to changing primary keys taken out of their tables to go first."""
    result: list[MigrateOperation] = []
    for operation in operations:
        if not isinstance(operation, stock.ModifyTableOps) or isinstance(operation, KeyDrops):
            result.append(operation)
            continue
        dropped = [inner for inner in operation.ops if dropped_reference(inner) in changing]
        operation.ops = [inner for inner in operation.ops if inner not in dropped]
        if dropped:
            result.append(KeyDrops(operation.table_name, dropped, schema=operation.schema))
        if operation.ops:
            result.append(operation)
    return result


def dropped_reference(operation: MigrateOperation) -> str | None:
    """The table that a dropped foreign key referred to."""
    reverse = getattr(operation, "_reverse", None)
    return reference(reverse) if isinstance(operation, stock.DropConstraintOp) else None


def reference(operation: MigrateOperation | None) -> str | None:
    """The table that a new foreign key refers to."""
    if not isinstance(operation, stock.CreateForeignKeyOp):
        return None
    return dotted(operation.kw.get("referent_schema"), operation.referent_table)
