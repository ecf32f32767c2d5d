"""Identity columns, serials and generated columns that a table declares."""

from collections.abc import Iterator
from typing import cast

from sqlalchemy import Column, Identity, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import DDLCompiler

from tenantry.autogenerate import definitions
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.types import integer_type

# "named" leaves % as it is; psycopg's own paramstyle doubles it.
_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_compiler = cast("DDLCompiler", _dialect.ddl_compiler(_dialect, None))  # type: ignore[arg-type]


def numbered_columns(table: Table, namespace: Namespace) -> Iterator[definitions.NumberedColumn]:
    """The columns of a table that number its rows."""
    schema = namespace.schema(table.schema)
    for column in table.columns:
        if column.identity is not None:
            yield _identity(column.identity, column, table.name, schema)
        elif column is table._autoincrement_column and column.server_default is None and column.default is None:  # noqa: SLF001
            name = f"{table.name}_{column.name}_seq"
            data_type = integer_type(column.type)
            yield definitions.Serial(table.name, column.name, schema=schema, sequence=name, data_type=data_type)


def _identity(identity: Identity, column: Column[object], table: str, schema: str | None) -> definitions.Identity:
    return definitions.Identity(
        table,
        column.name,
        schema=schema,
        always=bool(identity.always),
        increment=1 if identity.increment is None else identity.increment,
        start=identity.start,
        minvalue=identity.minvalue,
        maxvalue=identity.maxvalue,
        cache=identity.cache or 1,
        cycle=bool(identity.cycle),
    ).without_defaults_of(integer_type(column.type))


def generated_columns(table: Table, namespace: Namespace) -> Iterator[definitions.GeneratedColumn]:
    """The generated columns of a table."""
    schema = namespace.schema(table.schema)
    for column in table.columns:
        if column.computed is not None:
            yield definitions.GeneratedColumn(
                table.name,
                column.name,
                column.type.compile(dialect=_dialect),
                _compiler.sql_compiler.process(column.computed.sqltext, include_table=False, literal_binds=True),
                schema=schema,
                stored=column.computed.persisted,
                not_null=not column.nullable,
                comment=column.comment,
            )
