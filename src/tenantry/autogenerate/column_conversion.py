"""Columns whose type gets another shape: how their values, and their defaults, get there."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from alembic.autogenerate import render
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import DefaultClause, Table, text
from sqlalchemy.dialects.postgresql import ARRAY

from tenantry.autogenerate import definitions
from tenantry.autogenerate.column_types import ExistingType, Type, named_type, type_text
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.inspect.type_users import TypedColumn


class ConvertColumnOp(stock.AlterColumnOp):
    """A change of a column's type that PostgreSQL has to be told how to make: by way of text."""

    def __init__(self, table_name: str, column_name: str, **options: Any) -> None:
        super().__init__(table_name, column_name, **options)
        if self.modify_type is not None:
            written = type_text(self.modify_type)
            many = "[]" if written.endswith("[]") else ""
            self.kw["postgresql_using"] = f"{sql.identifier(column_name)}::text{many}::{written}"


@renderers.dispatch_for(ConvertColumnOp)
def _render(context: AutogenContext, operation: ConvertColumnOp) -> str:
    line = render._alter_column(context, operation)  # noqa: SLF001
    using = operation.kw["postgresql_using"]
    return f"{line.removesuffix(')')},\n{' ' * 11}postgresql_using={using!r})"


_KEPT = ("existing_type", "existing_nullable", "existing_comment", "modify_nullable", "modify_comment", "modify_type")


def with_conversions(operations: Iterable[MigrateOperation]) -> None:
    """Have Alembic's changes of types say how, where one of the two types has a name."""
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps):
            operation.ops = [step for inner in operation.ops for step in _steps(inner)]


def without_empty(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """The operations that still change anything."""
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps):
            operation.ops = [
                inner for inner in operation.ops if not isinstance(inner, stock.AlterColumnOp) or inner.has_changes()
            ]
        if not isinstance(operation, stock.ModifyTableOps) or operation.ops:
            yield operation


def _steps(operation: MigrateOperation) -> Iterator[MigrateOperation]:
    if not (isinstance(operation, stock.AlterColumnOp) and _converts(operation.existing_type, operation.modify_type)):
        yield operation
        return
    options = {name: getattr(operation, name) for name in _KEPT}
    old = operation.existing_server_default or None
    new = _untyped(old) if operation.modify_server_default is False else operation.modify_server_default
    if old is not None:
        yield _with_default(operation, existing=old, modified=None)
    yield ConvertColumnOp(operation.table_name, operation.column_name, schema=operation.schema, **options)
    if new is not None:
        yield _with_default(operation, existing=None, modified=new)


_TYPED = re.compile(r"('(?:[^']|'')*')::[^'()]+")


def _untyped(default: Any) -> Any:
    """A constant as one of whatever type the column has by then; any other default as it is."""
    constant = _TYPED.fullmatch(str(getattr(default, "arg", "")))
    return DefaultClause(text(constant[1].replace(":", r"\:"))) if constant else default


def _with_default(operation: stock.AlterColumnOp, *, existing: Any, modified: Any) -> stock.AlterColumnOp:
    return stock.AlterColumnOp(
        operation.table_name,
        operation.column_name,
        schema=operation.schema,
        existing_type=operation.existing_type,
        existing_server_default=existing,
        modify_server_default=modified,
    )


def _converts(existing: Type | None, modified: Type | None) -> bool:
    return modified is not None and any(type_ is not None and named_type(type_) for type_ in (existing, modified))


def around_conversion(
    of: definitions.NamedType,
    columns: Iterable[TypedColumn],
    operations: Iterable[MigrateOperation] = (),
    tables: Mapping[tuple[str | None, str], Table] | None = None,
) -> Iterator[MigrateOperation]:
    """What takes the defaults of columns off before their type is converted, and puts them on, or new ones, after it.

    :param of: the type.
    :param operations: Alembic's, from which changes of these defaults are taken out.
    :param tables: the declared ones, whose defaults are put on as they are declared.
    """
    altered = {
        (inner.schema, inner.table_name, inner.column_name): inner
        for operation in operations
        if isinstance(operation, stock.ModifyTableOps)
        for inner in operation.ops
        if isinstance(inner, stock.AlterColumnOp)
    }
    named = ExistingType(of.name, of.schema)
    for column in columns:
        type_: Type = ARRAY(named) if column.many else named
        change = stock.AlterColumnOp(column.table, column.name, schema=column.schema, existing_type=type_)
        old = None if column.default is None else DefaultClause(text(column.default.replace(":", r"\:")))
        new: Any = old and _declared_default(column, tables or {}, old)
        operation = altered.get((column.schema, column.table, column.name))
        if operation is not None and operation.modify_server_default is not False:
            new = operation.modify_server_default
            operation.modify_server_default = False
        if old is not None:
            yield _on_table(_with_default(change, existing=old, modified=None))
        if new is not None:
            yield _on_table(_with_default(change, existing=None, modified=new))


def _declared_default(
    column: TypedColumn, tables: Mapping[tuple[str | None, str], Table], otherwise: DefaultClause
) -> Any:
    table = tables.get((column.schema, column.table))
    declared = None if table is None else next((item for item in table.columns if item.name == column.name), None)
    return otherwise if declared is None else declared.server_default


def _on_table(operation: stock.AlterColumnOp) -> stock.ModifyTableOps:
    return stock.ModifyTableOps(operation.table_name, [operation], schema=operation.schema)
