"""The types that columns have: which of them have a name, and how a revision writes those.

A revision makes a type by itself, before the tables: SQLAlchemy's own would make it once more with each of them.
"""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from alembic.ddl.impl import DefaultImpl
from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import ARRAY, Column, Connection, Enum, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

from tenantry.autogenerate.definitions import sql
from tenantry.ddl import CompositeType

Type = TypeEngine[Any]


_COMPOSITE = """
    SELECT format_type(t.oid, NULL) AS printed, t.typname, pg_type_is_visible(t.oid) AS visible, n.nspname
    FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE c.relkind = 'c'
"""


class ExistingType(UserDefinedType[Any]):
    """A domain or composite type, by name: what a revision says of a column that has it."""

    cache_ok = True

    def __init__(self, name: str, schema: str | None = None) -> None:
        self.name = name
        self.schema = schema

    def get_col_spec(self, **_: Any) -> str:
        """The name, quoted."""
        return sql.qualified(self.schema, self.name)


Named = Enum | postgresql.DOMAIN | CompositeType | ExistingType


def native(type_: Type) -> Type:
    """What PostgreSQL sees of a type."""
    variant = type_._variant_mapping.get("postgresql")  # noqa: SLF001
    if variant is not None:
        return native(variant)
    return native(type_.impl_instance) if isinstance(type_, TypeDecorator) else type_


def named_type(type_: Type) -> Named | None:
    """The type with a name that a column has, one or an array of them."""
    found = native(type_)
    if isinstance(found, ARRAY):
        return named_type(found.item_type)
    if isinstance(found, Enum):
        return found if found.native_enum else None
    return found if isinstance(found, postgresql.DOMAIN | CompositeType | ExistingType) else None


SchemaOf = Callable[[str | None], str | None]


def written_type(type_: Type, schema: SchemaOf) -> Type:
    """A type as a revision writes it: one that is there already."""
    found = native(type_)
    if isinstance(found, ARRAY) and named_type(found) is not None:
        items = copy.copy(found)
        items.item_type = written_type(found.item_type, schema)
        return items
    named = named_type(found)
    if isinstance(named, Enum):
        return postgresql.ENUM(*named.enums, name=str(named.name), schema=schema(named.schema), create_type=False)
    return type_ if named is None else ExistingType(str(named.name), schema(named.schema))


def with_written_types(operations: Iterable[MigrateOperation], schema: SchemaOf) -> None:
    """Have Alembic's operations write types as revisions do.

    :param schema: a schema as definitions write it.
    """
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps):
            with_written_types(operation.ops, schema)
        elif isinstance(operation, stock.CreateTableOp):
            operation.columns = [
                _written(item, schema) if isinstance(item, Column) else item for item in operation.columns
            ]
        elif isinstance(operation, stock.AddColumnOp):
            operation.column = _written(operation.column, schema)
        elif isinstance(operation, stock.AlterColumnOp):
            _write_change(operation, schema)
        elif isinstance(operation, stock.DropTableOp | stock.DropColumnOp) and operation._reverse:  # noqa: SLF001
            with_written_types([operation._reverse], schema)  # noqa: SLF001


def _write_change(operation: stock.AlterColumnOp, schema: SchemaOf) -> None:
    """Only a type that is another one once both are written the same way is a change."""
    if operation.existing_type is not None and _forbids_null(operation.existing_type):
        operation.modify_nullable = None
    if operation.existing_type is not None:
        operation.existing_type = written_type(operation.existing_type, schema)
    if operation.modify_type is not None:
        operation.modify_type = written_type(operation.modify_type, schema)
        if named_type(operation.modify_type) and operation.existing_type is not None:
            same = type_text(operation.modify_type) == type_text(operation.existing_type)
            operation.modify_type = None if same else operation.modify_type


def _forbids_null(type_: Type) -> bool:
    """Whether it is a domain that does: SQLAlchemy reflects the column as if that did."""
    return isinstance(type_, postgresql.DOMAIN) and type_.not_null


def _written(column: Column[Any], schema: SchemaOf) -> Column[Any]:
    """A copy: the column itself belongs to the declaration."""
    type_ = column.type
    written = written_type(type_, schema)
    if written is type_:
        return column
    column.type = written  # for copying: the copy would create what the type of the declaration creates
    try:
        copied = column._copy()  # noqa: SLF001
    finally:
        column.type = type_
    copied.nullable = copied.nullable or _forbids_null(type_)
    return copied


def recognise_composite_types(connection: Connection) -> None:
    """Have SQLAlchemy reflect columns of composite types, which it knows nothing of."""
    known: dict[str, Callable[..., Type]] = {}
    for row in connection.execute(text(_COMPOSITE)):
        known[row.printed.lower()] = _reflected(row.typname, None if row.visible else row.nspname)
    if known:
        dialect: Any = connection.dialect
        dialect.ischema_names = {**dialect.ischema_names, **known}


def _reflected(name: str, schema: str | None) -> Callable[..., Type]:
    return lambda *_, **__: ExistingType(name, schema)


def tolerate_unknown_values(impl: DefaultImpl) -> None:
    """Have a default that the column's type does not know yet taken for a change, which it is."""
    compared: Callable[..., bool] = impl.compare_server_default

    def compare(reflected: Column[Any], declared: Column[Any], *defaults: Any) -> bool:
        if named_type(declared.type) is None and named_type(reflected.type) is None:
            return compared(reflected, declared, *defaults)
        assert impl.connection is not None  # noqa: S101
        savepoint = impl.connection.begin_nested()
        try:
            return compared(reflected, declared, *defaults)
        except DBAPIError:
            return True
        finally:
            savepoint.rollback()

    setattr(impl, "compare_server_default", compare)  # noqa: B010


def type_text(type_: Type) -> str:
    """A type as SQL names it."""
    return type_.compile(dialect=sql.DIALECT)
