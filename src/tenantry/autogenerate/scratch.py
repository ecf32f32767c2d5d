"""A scratch schema: declared objects are created in it on empty tables of the declared shape, printed, and rolled back.

No user table is touched beyond the ACCESS SHARE that parsing a query takes, and nothing is left behind.
"""

import contextlib
import dataclasses
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from alembic.util import CommandError
from sqlalchemy import Column, Connection, Table, text
from sqlalchemy.exc import DBAPIError

from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import (
    Constraint,
    Definition,
    GeneratedColumn,
    NamedType,
    Partition,
    Policy,
    TableDefinition,
    View,
    sql,
)
from tenantry.autogenerate.inspect import Reader, Scope, inspect_definitions
from tenantry.autogenerate.inspect.constraints import inspect_constraints, inspect_indexes
from tenantry.autogenerate.inspect.generated_columns import inspect_generated_columns
from tenantry.autogenerate.inspect.partitions import (
    TableKey,
    inspect_partition_definitions,
    inspect_partition_keys,
)
from tenantry.autogenerate.inspect.routines import inspect_routines, inspect_views
from tenantry.autogenerate.inspect.tables import inspect_policies, inspect_triggers
from tenantry.autogenerate.inspect.types import inspect_composite_types, inspect_domains
from tenantry.errors import TenantryError

_STATE = """
    SELECT current_setting('search_path') AS path, current_setting('transaction_read_only')::boolean AS read_only,
           has_database_privilege(current_database(), 'CREATE') AS may_create
"""
_READERS: Mapping[str, Reader] = {
    definitions.Policy.kind: inspect_policies,
    definitions.Trigger.kind: inspect_triggers,
    definitions.Constraint.kind: inspect_constraints,
    definitions.Index.kind: inspect_indexes,
    definitions.ViewIndex.kind: inspect_indexes,
    definitions.Partition.kind: inspect_partition_definitions,
    definitions.Function.kind: inspect_routines,
    definitions.Procedure.kind: inspect_routines,
    definitions.View.kind: inspect_views,
    definitions.Domain.kind: inspect_domains,
    definitions.CompositeType.kind: inspect_composite_types,
    definitions.GeneratedColumn.kind: inspect_generated_columns,
}


class ComparisonError(TenantryError, CommandError):
    """The database cannot be compared with the declaration."""


def column_type(column: Column[Any]) -> str:
    """The type of a column, as CREATE TABLE names it."""
    return column.type.compile(dialect=sql.DIALECT)


def partition_by(table: Table) -> str:
    """How a table is declared to be split; empty if it is not."""
    return str(table.dialect_options["postgresql"]["partition_by"] or "")


class Scratch:
    """Prints definitions as PostgreSQL would.

    :param tables: the declared tables by schema and name.
    :param reshaped: tables that are there in their declared shape even if no definition belongs to them.
    :param live: what the database holds: its views, on which triggers and indexes may hang, are there as they are.
    :param new: types and schemas that are not there yet.
    """

    def __init__(
        self,
        connection: Connection,
        tables: Mapping[tuple[str | None, str], Table],
        live: Catalogue,
        reshaped: Sequence[Table] = (),
        new: Sequence[Definition] = (),
    ) -> None:
        self._connection = connection
        self._tables = tables
        self._reshaped = [key for key, table in tables.items() if any(table is other for other in reshaped)]
        self._views = {(item.schema, item.name): item for item in live.definitions.values() if isinstance(item, View)}
        self._new = new
        self._prefix = f"tenantry_scratch_{secrets.token_hex(4)}"

    def can_print(self, definition: Definition) -> bool:
        """Whether there is all that printing a definition takes."""
        known = self._tables.keys() | self._views.keys()
        alone = not isinstance(definition, TableDefinition) or (definition.schema, definition.table) in known
        return alone and hasattr(definition, "comment")

    def print(
        self,
        definitions: Sequence[Definition],
        renames: Sequence[tuple[Definition, Definition]] = (),
        types: Sequence[NamedType] = (),
    ) -> dict[Key, Definition]:
        """Each definition as PostgreSQL prints it, by the key of the one given; what it refuses is left out.

        :param renames: objects that are there too while they are created, and have another name when they are printed.
        :param types: types that are there as they are declared; all others are as the database has them.
        """
        if not definitions:
            return {}
        there = [old for old, _ in renames]
        schemas = self._schemas([*definitions, *there, *types])
        with self._rolled_back():
            path = self._create_schemas(schemas, schemas[None])
            numbered = [_numbered(item, number, schemas) for number, item in enumerate([*definitions, *there])]
            items, others = numbered[: len(definitions)], numbered[len(definitions) :]
            made = [dataclasses.replace(item, schema=schemas[item.schema], comment=None) for item in types]
            relations = self._create_relations(definitions, schemas, types)
            statements = [*map(_statements, [*self._new, *made]), *relations, *map(_statements, [*others, *items])]
            run_all(self._connection, statements)
            for old, (_, new) in zip(others, renames, strict=True):
                _succeeds(self._connection, _renaming(old, new))
            self._set_path(path)
            readers = dict.fromkeys(_READERS[item.kind] for item in definitions if item.kind in _READERS)
            read_back: Iterator[Any] = inspect_definitions(self._connection, _outer_scope(schemas), readers)
            found = {int(item.comment): item for item in read_back if item.comment is not None}
        return {
            (item.kind, item.identity): _restored(found[number], item, schemas)
            for number, item in enumerate(definitions)
            if number in found
        }

    @contextlib.contextmanager
    def _rolled_back(self) -> Iterator[None]:
        savepoint = self._connection.begin_nested()
        try:
            yield
        finally:
            savepoint.rollback()

    def _schemas(self, definitions: Sequence[Definition]) -> dict[str | None, str]:
        names = {None, *(getattr(item, "schema", None) for item in definitions), *(key[0] for key in self._reshaped)}
        names |= {item.table_schema for item in definitions if isinstance(item, Partition)}
        ordered = sorted(names, key=lambda name: name or "")
        return {name: f"{self._prefix}_{number}" for number, name in enumerate(ordered)}

    def _create_schemas(self, schemas: Mapping[str | None, str], *first: str) -> str:
        """The role that owns the objects need not be one that may create schemas; the login it acts for may be.

        :param first: the schemas that names are looked up in before all others.
        :return: the search path of before.
        """
        path, read_only, may_create = self._connection.execute(text(_STATE)).one()
        if read_only:
            msg = (
                "comparing needs a scratch schema, and this database may not be written: "
                "set TENANTRY_SCRATCH_URL to an empty database in which one may be made, or to embedded"
            )
            raise ComparisonError(msg)
        if not may_create:
            self._execute("SET LOCAL ROLE NONE")
            if not self._connection.execute(text(_STATE)).one().may_create:
                msg = (
                    "comparing needs a scratch schema, and this role may not create one: "
                    "GRANT CREATE ON DATABASE to it, or compare as a role that has the right"
                )
                raise ComparisonError(msg)
        created = [f"CREATE SCHEMA {scratch}" for scratch in schemas.values()]
        self._execute("; ".join(["SET LOCAL check_function_bodies = off", *created]))
        self._set_path(", ".join([*first, path]))
        return str(path)

    def _set_path(self, path: str) -> None:
        self._connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})

    def _create_relations(
        self, definitions: Sequence[Definition], schemas: Mapping[str | None, str], types: Sequence[NamedType]
    ) -> list[str]:
        """What the definitions hang on: tables in their declared shape, views as they are."""
        hung_on = {(item.schema, item.table) for item in definitions if isinstance(item, TableDefinition)}
        split = {(item.table_schema, item.table) for item in definitions if isinstance(item, Partition)}
        tables = [key for key in self._tables if key in hung_on | split] + self._reshaped
        there = {(item.schema, item.name) for item in definitions if isinstance(item, View)}
        views = [self._views[key] for key in sorted(hung_on - there - set(tables), key=str) if key in self._views]
        moved = {item.target: sql.qualified(schemas[item.schema], item.name) for item in types}
        return [
            *(self._create_table(key, schemas, moved, split=key in split) for key in sorted(set(tables), key=str)),
            *(_statements(_numbered(view, -1, schemas)) for view in views),
        ]

    def _create_table(
        self, key: TableKey, schemas: Mapping[str | None, str], moved: Mapping[str, str], *, split: bool = False
    ) -> str:
        return create_table(self._tables[key], f"{schemas[key[0]]}.{sql.identifier(key[1])}", moved, split=split)

    def partition_keys(self, tables: Collection[TableKey]) -> dict[TableKey, str]:
        """How tables are split as they are declared, in the words in which PostgreSQL prints it."""
        if not tables:
            return {}
        schemas = {schema: f"{self._prefix}_{number}" for number, schema in enumerate({key[0] for key in tables})}
        with self._rolled_back():
            path = self._create_schemas(schemas, *schemas.values())
            run_all(self._connection, [self._create_table(key, schemas, {}, split=True) for key in tables])
            self._set_path(path)
            return inspect_partition_keys(self._connection, _outer_scope(schemas))

    def _execute(self, statement: str) -> None:
        _execute(self._connection, statement)


def run_all(connection: Connection, statements: Sequence[str]) -> None:
    """All in one round trip; if PostgreSQL refuses one, each alone, again while that gets further."""
    if not statements or _succeeds(connection, ";\n".join(statements)):
        return
    pending, before = list(statements), -1
    while pending and len(pending) != before:
        before = len(pending)
        pending = [statement for statement in pending if not _succeeds(connection, statement)]


def _succeeds(connection: Connection, statement: str) -> bool:
    savepoint = connection.begin_nested()
    try:
        _execute(connection, statement)
    except DBAPIError:
        savepoint.rollback()
        return False
    savepoint.commit()
    return True


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def create_table(
    table: Table, name: str, moved: Mapping[str, str] = MappingProxyType({}), *, split: bool = False
) -> str:
    """The statement that makes a table of the declared shape and nothing else.

    :param name: what it is called, quoted.
    :param moved: types that stand somewhere else, by name.
    :param split: whether it is partitioned as it is declared.
    """
    types = ((column.name, _moved(column_type(column), moved)) for column in table.columns)
    columns = ", ".join(f"{sql.identifier(column)} {type_}" for column, type_ in types)
    by = f" PARTITION BY {partition_by(table)}" if split else ""
    return f"CREATE TABLE {name} ({columns}){by}"


def _outer_scope(schemas: Mapping[str | None, str]) -> Scope:
    """The scratch schemas, read under the names of those that they stand for."""
    return Scope({scratch: schema for schema, scratch in schemas.items()})


def _moved(type_: str, moved: Mapping[str, str]) -> str:
    name = type_.rstrip("[]")
    return moved.get(name, name) + type_[len(name) :]


def _numbered(definition: Definition, number: int, schemas: Mapping[str | None, str]) -> Definition:
    """The definition in its scratch schema, with a comment by which it is found again."""
    changes: dict[str, Any] = {"schema": schemas[definition.schema], "comment": str(number)}  # type: ignore[attr-defined]
    if isinstance(definition, Policy):
        changes["to"] = ()  # a role may not exist yet, and is no text to print
    if isinstance(definition, Partition):
        changes["table_schema"] = schemas[definition.table_schema]
    if isinstance(definition, Constraint) and not definition.name:
        changes["name"] = f"unnamed_{number}"
    if isinstance(definition, GeneratedColumn):
        changes |= {"stays": True, "with_it": ()}
    if isinstance(definition, View) and definition.materialized:
        changes["definition"] = f"{definition.definition}\nWITH NO DATA"
    return dataclasses.replace(definition, **changes)


def _statements(definition: Definition) -> str:
    return ";\n".join(statement.sql for statement in definition.create())


def _renaming(old: Definition, new: Definition) -> str:
    renaming = new.renaming(old)
    assert renaming is not None  # noqa: S101
    return renaming.sql


def _restored(printed: Any, written: Any, schemas: Mapping[str | None, str]) -> Definition:
    """What was read back, with the names it has outside the scratch schema."""
    changes: dict[str, Any] = {"schema": written.schema, "comment": written.comment}
    if isinstance(written, Policy):
        changes["to"] = written.to
    if isinstance(written, Partition):
        changes["table_schema"] = written.table_schema
    if isinstance(written, GeneratedColumn):
        changes |= {"stays": written.stays, "with_it": written.with_it, "not_null": written.not_null}
    if isinstance(written, Constraint):
        changes["name"] = written.name
    for name in (field.name for field in dataclasses.fields(printed) if field.name not in changes):
        changes[name] = _outside(getattr(printed, name), schemas)
    restored: Definition = dataclasses.replace(printed, **changes)
    return restored


def _outside(value: Any, schemas: Mapping[str | None, str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_outside(item, schemas) for item in value)
    if not isinstance(value, str):
        return value
    for schema, scratch in schemas.items():
        value = value.replace(f"{scratch}.", "" if schema is None else f"{sql.identifier(schema)}.")
    return value
