"""Changes of types with a name: which happen in place, and what the others take with them."""

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from tenantry.autogenerate.catalogue import Catalogue, Declared, Key
from tenantry.autogenerate.column_conversion import ConvertColumnOp
from tenantry.autogenerate.definitions import CompositeType, Domain, Enum, NamedType, Rows, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.diff import Change
from tenantry.autogenerate.inspect import Scope
from tenantry.autogenerate.inspect.dependencies import COLUMN
from tenantry.autogenerate.inspect.type_users import (
    TypedColumn,
    TypeUsers,
    inspect_column_users,
    inspect_type_users,
)
from tenantry.autogenerate.ops import DefinitionOp
from tenantry.autogenerate.scratch import ComparisonError
from tenantry.autogenerate.words import words

_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]

Dependents = Mapping[Key, AbstractSet[Key]]


@dataclasses.dataclass(frozen=True)
class Conversion:
    """A type that PostgreSQL cannot alter into what is declared: a new one takes its place.

    :param columns: the columns that have it, and keep it.
    """

    old: NamedType
    new: NamedType
    columns: Sequence[TypedColumn]

    def change(self, live: Catalogue, declared: Mapping[Key, Declared]) -> Change:
        """The change, as a revision has it."""
        there = [*live.definitions.values(), *(item.written for item in declared.values())]
        single = {item.target for item in there if isinstance(item, Enum | CompositeType)}
        used = {type_ for item in (self.old, self.new) for type_ in item.texts()}
        by_text = tuple(sorted(type_ for type_ in used if type_.removesuffix("[]") in single))
        columns = tuple(column.written for column in self.columns)
        return Change(self.old, dataclasses.replace(self.new, columns=columns, by_text=by_text))

    def gone(self) -> set[Key]:
        """What must not be in use while it happens."""
        return {(self.old.kind, self.old.identity), *((COLUMN, column.identity) for column in self.columns)}


class TypeChanges:
    """What the changes of types come to.

    :param gone: columns, as dependencies name them, that are dropped or get another type.
    :param dropped: tables that go.
    """

    def __init__(
        self,
        connection: Connection,
        scope: Scope,
        changes: Mapping[Key, Change],
        gone: AbstractSet[Key],
        dropped: AbstractSet[str],
    ) -> None:
        self._changes = {key: change for key, change in changes.items() if isinstance(change.old, NamedType)}
        self._gone = gone
        self._dropped = dropped
        types = [change.old for change in self._changes.values() if isinstance(change.old, NamedType)]
        self._users = inspect_type_users(connection, scope, types) if types else {}
        self._column_users = inspect_column_users(connection, scope) if types or gone else {}

    def dependents(self, converted: AbstractSet[Key]) -> dict[Key, AbstractSet[Key]]:
        """For each type, and each column that has one, what PostgreSQL reads anew when it changes.

        :param converted: columns that get, or lose, a type with a name.
        """
        having = {(COLUMN, column.identity) for users in self._users.values() for column in users.columns}
        columns = {key: users for key, users in self._column_users.items() if key in having | converted}
        return {**columns, **{key: users.others for key, users in self._users.items()}}

    def conversions(self, used: "UsedValues") -> dict[Key, Conversion]:
        """The types that cannot be altered in place.

        :raises ComparisonError: when PostgreSQL could not convert what has the type either.
        """
        found = {}
        for key, change in self._changes.items():
            old, new = change.old, change.new
            if isinstance(old, NamedType) and isinstance(new, NamedType):
                added = _added(old, new) if isinstance(old, Enum) else ()
                converted = bool(added) and (used.any_of(added) or used.touches(self._names(key)))
                if converted or not self._in_place(key, old, new):
                    found[key] = self._conversion(key, old, new)
        return found

    def additions(self, conversions: Collection[Key]) -> dict[Key, Conversion]:
        """The enumerations that get values in place, with what takes the values away again."""
        return {
            key: self._conversion(key, change.new, change.old)
            for key, change in self._changes.items()
            if isinstance(change.old, NamedType)
            and isinstance(change.new, NamedType)
            and key not in conversions
            and not self._in_place(key, change.new, change.old)
        }

    def _names(self, key: Key) -> "Names":
        columns = self._users.get(key, TypeUsers()).columns
        on_tables = {dotted(column.schema, column.table) for column in columns}
        own = {key[1].rpartition(".")[2], *(column.identity.rpartition(".")[2] for column in columns)}
        return Names(frozenset(on_tables), frozenset(own))

    def _in_place(self, key: Key, old: NamedType, new: NamedType) -> bool:
        """Whether PostgreSQL alters a type; a domain that is part of another type cannot get narrower."""
        users = self._users.get(key, TypeUsers())
        inside = bool(users.types) or any(column.many for column in users.columns)
        narrower = isinstance(new, Domain) and isinstance(old, Domain) and new.narrows(old)
        return new.alters(old) and not (inside and narrower)

    def _conversion(self, key: Key, old: NamedType, new: NamedType) -> Conversion:
        users = self._users.get(key, TypeUsers())
        columns = [column for column in users.columns if self._stays(column)]
        arrays = [f"column {c.identity}" for c in columns if c.many and isinstance(new, CompositeType)]
        if uses := ", ".join([*users.types, *arrays]):
            msg = (
                f"{new.label()} cannot be changed like this: PostgreSQL converts single columns, but not {uses}, "
                f"which consists of it; leave it out, declare a type of another name, and have {uses} consist of that"
            )
            raise ComparisonError(msg)
        return Conversion(old, new, columns)

    def _stays(self, column: TypedColumn) -> bool:
        on_table = dotted(column.schema, column.table)
        return (COLUMN, column.identity) not in self._gone and on_table not in self._dropped


def _added(old: Enum, new: NamedType) -> Sequence[str]:
    return new.added(old) if isinstance(new, Enum) else ()


@dataclasses.dataclass(frozen=True)
class Names:
    """The tables with columns of a type; and how the type and the columns are called."""

    tables: frozenset[str]
    own: frozenset[str]


class UsedValues:
    """What a revision does besides adding values: PostgreSQL lets it use them only of a type it has just made."""

    def __init__(self, operations: Iterable[MigrateOperation], changes: Iterable[Change]) -> None:
        self._operations = list(operations)
        self._changes = list(changes)

    def any_of(self, labels: Sequence[str]) -> bool:
        """Whether one of the labels stands in the SQL, or among the rows, that the revision writes."""
        if not labels:
            return False
        quoted = "|".join(re.escape(label.replace("'", "''")) for label in labels)
        literal = re.compile(rf"'(?:[^']*[{{,\"])?(?:{quoted})(?:[,}}\"][^']*)?'")
        return any(literal.search(text) for text in self._texts())

    def touches(self, names: Names) -> bool:
        """Whether something changes that would have to make way if the values went again."""
        altered = stock.ModifyTableOps | stock.DropTableOp
        on_tables = {
            dotted(operation.schema, operation.table_name)
            for operation in self._operations
            if isinstance(operation, altered)
        }
        tables = {table.rpartition(".")[2] for table in names.tables}
        items = [item for change in self._changes for item in (change.old, change.new) if item is not None]
        return bool(on_tables & names.tables) or any(
            words((*item.texts(), *item.hints())) & (names.own if item.belongs_to() else names.own | tables)
            for item in items
            if not isinstance(item, NamedType)
        )

    def _texts(self) -> Iterator[str]:
        for change in self._changes:
            if change.new is not None and not isinstance(change.new, NamedType):
                yield from (*change.new.texts(), *change.new.hints())
        for operation in self._operations:
            if isinstance(operation, DefinitionOp) and isinstance(operation.new, Rows):
                for row in operation.new.rows:
                    yield from (sql.literal(str(value)) for value in row.values())
            else:
                yield from _stock_texts(operation)


def _stock_texts(operation: MigrateOperation) -> Iterator[str]:
    if isinstance(operation, stock.ModifyTableOps):
        for inner in operation.ops:
            yield from _stock_texts(inner)
    elif isinstance(operation, stock.CreateTableOp):
        yield str(CreateTable(operation.to_table()).compile(dialect=_dialect))
    elif isinstance(operation, stock.CreateIndexOp):
        yield str(CreateIndex(operation.to_index()).compile(dialect=_dialect))
    elif isinstance(operation, stock.AddColumnOp):
        yield _default_text(operation.column.server_default)
    elif isinstance(operation, stock.AlterColumnOp) and not isinstance(operation, ConvertColumnOp):
        yield _default_text(operation.modify_server_default)


def _default_text(default: Any) -> str:
    value = getattr(default, "arg", getattr(default, "sqltext", default))
    if isinstance(value, str):
        return sql.literal(value)
    return str(value.compile(dialect=_dialect)) if hasattr(value, "compile") else ""
