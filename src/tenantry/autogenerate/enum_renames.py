"""Values of enumerations that got another name: everything else is compared as if that had happened already.

PostgreSQL itself carries a new name to every policy, view, default and row, so nothing else has to change with it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, MetaData, NestedTransaction, text
from sqlalchemy.exc import DBAPIError

from tenantry.autogenerate.definitions import Enum
from tenantry.autogenerate.desired import Namespace
from tenantry.autogenerate.desired.types import declared_types
from tenantry.autogenerate.inspect import Scope
from tenantry.autogenerate.inspect.types import inspect_enums
from tenantry.autogenerate.ops import ReplaceOp
from tenantry.autogenerate.scratch import ComparisonError


@dataclass
class Renames:
    """Values that have new names until :meth:`undo`."""

    operations: Sequence[MigrateOperation]
    _savepoint: NestedTransaction | None = None

    def undo(self) -> None:
        """Leave nothing behind."""
        if self._savepoint is not None:
            self._savepoint.rollback()


def rename_values(connection: Connection, metadatas: Iterable[MetaData], run_as: str | None) -> Renames:
    """Give values the names that are declared, for as long as it takes to compare.

    :param run_as: the role that owns the types.
    :raises ComparisonError: when this is not allowed.
    """
    pairs = list(_renamed(connection, metadatas))
    if not pairs:
        return Renames(())
    savepoint = connection.begin_nested()
    role = connection.scalar(text("SELECT current_setting('role')"))
    try:
        _take(connection, run_as or role)
        for old, new in pairs:
            for statement in new.replace(old):
                connection.exec_driver_sql(statement.sql, execution_options={"no_parameters": True})
        _take(connection, role)
    except DBAPIError as error:
        savepoint.rollback()
        msg = f"values of {pairs[0][1].label()} are renamed: compare as a role that owns it ({error.orig})"
        raise ComparisonError(msg) from error
    return Renames([ReplaceOp(old, new) for old, new in pairs], savepoint)


def _take(connection: Connection, role: str | None) -> None:
    connection.execute(text("SELECT set_config('role', :role, true)"), {"role": role})


def _renamed(connection: Connection, metadatas: Iterable[MetaData]) -> list[tuple[Enum, Enum]]:
    namespace = Namespace(connection.dialect.default_schema_name or "public")
    types = [item for metadata in metadatas for item in declared_types(metadata, namespace)]
    declared = {item.identity: item for item in types if isinstance(item, Enum)}
    if not declared:
        return []
    names = {item.schema or namespace.default_schema for item in declared.values()}
    scope = Scope({name: namespace.schema(name) for name in names})
    live = [(item, declared.get(item.identity)) for item in inspect_enums(connection, scope)]
    return [(old, new.with_comment(old.comment)) for old, new in live if new is not None and new.renamed(old)]
