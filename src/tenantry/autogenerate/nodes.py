"""What each operation makes and takes away, and the names that its SQL, new and old, mentions."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Column, ForeignKeyConstraint, Table
from sqlalchemy.schema import CreateTable, SchemaItem

from tenantry.autogenerate.around_columns import CreatesAfter, DropsBefore
from tenantry.autogenerate.column_types import Type, named_type
from tenantry.autogenerate.definitions import Definition, GeneratedColumn, NamedType, Rows, TenantColumn, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.definitions.schema import schema_name
from tenantry.autogenerate.definitions.tenant_column import former_key_of, new_key_of
from tenantry.autogenerate.definitions.types import type_name
from tenantry.autogenerate.filled_columns import FilledColumns
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, OneWayOp, ReplaceOp
from tenantry.autogenerate.primary_keys import KeyDrops, exchanged
from tenantry.autogenerate.words import words

# Among operations that do not need one another: how a reader expects them, dependents first away and last back.
_DROP_RANK = {
    "event trigger": 0, "default grant": 0,
    "rows": 1, "grant": 2, "owner": 3, "trigger": 3, "policy": 4, "row security": 5, "theirs": 6,
    "view": 6, "withheld": 7, "constraint": 7, "numbers of column": 7, "column": 8,
    "dependent": 8, "attachment": 8, "partition": 9,
}  # fmt: skip
_CREATE_RANK = {
    "role": 0, "schema": 0, "extension": 0, "enum": 1, "domain": 1, "composite type": 1, "sequence": 1,
    "function": 7, "procedure": 7, "dependent": 8,
    "column": 8, "numbers of column": 8,
    "constraint": 9, "index": 9, "partition": 9, "attachment": 9, "view": 9, "theirs": 9, "view index": 10,
    "row security": 10, "partition security": 10, "policy": 11, "trigger": 12,
    "withheld": 9, "owner": 13, "grant": 14, "rows": 15, "default grant": 17, "event trigger": 18,
}  # fmt: skip
STOCK_RANK, _LAST_DROP_RANK = 8, 16


@dataclass
class Node:
    """One operation: the names it makes and takes away, and those it mentions, after and before it.

    ``rank`` says how a reader expects those that do not need one another; ``table`` keeps together what is on a table.
    ``makes_way`` is for rows that are changed before their table, or an enumeration, is.
    """

    operation: MigrateOperation
    rank: int
    table: str | None = None
    makes: set[str] = field(default_factory=set)
    takes: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    wants: set[str] = field(default_factory=set)
    wanted: set[str] = field(default_factory=set)
    reshapes: set[str] = field(default_factory=set)
    renames: bool = False
    makes_way: bool = False

    @property
    def lasting(self) -> set[str]:
        """What it reshapes; a column may be called as its type is, which then is no reason to come before or after."""
        if not isinstance(self.operation, ReplaceOp):
            return self.reshapes
        return {name for name in self.reshapes if name.startswith("type ")}


def node_of(operation: MigrateOperation) -> Node:
    """What is known of an operation."""
    if isinstance(operation, DefinitionOp):
        return _definition_node(operation)
    node = Node(operation, STOCK_RANK)
    if isinstance(operation, stock.CreateTableOp):
        table = operation.to_table()
        node.table = dotted(operation.schema, operation.table_name)
        node.makes |= {node.table, operation.table_name}
        node.needs |= _referred(table) | _named_in(table) | _types_of(*table.columns)
    elif isinstance(operation, stock.DropTableOp):
        table = operation.to_table()
        node.table = dotted(operation.schema, operation.table_name)
        node.takes |= {node.table, operation.table_name}
        node.used |= _referred(table) | _named_in(table) | _types_of(*table.columns)
    elif isinstance(operation, stock.ModifyTableOps):
        _add_modifications(node, operation, dotted(operation.schema, operation.table_name))
    _add_schema(node, operation)
    return node


def _add_modifications(node: Node, operation: stock.ModifyTableOps, table: str) -> None:
    node.table = table
    if isinstance(operation, FilledColumns):
        node.needs |= {_new_rows_of(table)} if operation.required else set()
        node.used |= set() if operation.required else {_former_rows_of(table)}
        return
    node.reshapes.add(table)
    if isinstance(operation, KeyDrops):
        node.used |= {former_key_of(referred) for referred in operation.referred}
        return
    if not isinstance(operation, DropsBefore):
        node.needs.add(new_key_of(table))
    node.makes |= {new_key_of(changed) for changed in exchanged(operation)}
    node.takes |= {former_key_of(changed) for changed in exchanged(operation)}
    for inner in operation.ops:
        _add_modification(node, inner)
    if isinstance(operation, DropsBefore):
        node.used |= operation.types | {_former_columns_of(name) for name in operation.tables}
    elif isinstance(operation, CreatesAfter):
        node.needs |= operation.types | {_new_columns_of(name) for name in operation.tables}
    else:
        node.takes.add(_former_columns_of(table))
        node.makes.add(_new_columns_of(table))


def _former_rows_of(table: str) -> str:
    return f"former rows of {table}"


def _new_rows_of(table: str) -> str:
    return f"new rows of {table}"


def _former_columns_of(table: str) -> str:
    return f"former columns of {table}"


def _new_columns_of(table: str) -> str:
    return f"new columns of {table}"


def _add_schema(node: Node, operation: object) -> None:
    """What lives in a schema comes after it and goes before it."""
    schema = getattr(operation, "schema", None)
    if schema is not None:
        node.needs.add(schema_name(schema))
        node.used.add(schema_name(schema))


def _definition_node(operation: DefinitionOp) -> Node:
    definition = operation.definition
    node = Node(operation, _rank(operation))
    names = definition.provides() | {f"{definition.kind} {definition.identity}"}
    table = definition.belongs_to()
    on_table = {f"on {table}"} if table else set()
    if isinstance(definition, Rows):
        names = frozenset()
        _add_rows(node, operation, table or "")
        (node.used if isinstance(operation, DropOp) else node.needs).update(on_table)  # under full guard
    else:
        names |= on_table
        node.table = None if isinstance(operation, DropOp) else table
    if operation.old is not None and operation.new is not None and operation.new.renaming(operation.old):
        node.renames = True
        node.makes |= operation.new.provides() | {f"{operation.new.kind} {operation.new.identity}"}
        node.takes |= operation.old.provides() | {f"{operation.old.kind} {operation.old.identity}"}
    elif isinstance(operation, CreateOp):
        node.makes |= names
    elif isinstance(operation, DropOp):
        node.takes |= names
    if isinstance(operation, OneWayOp):
        # what is dropped on the way back is not there then for what hangs on it
        again = {name for step in operation.back if isinstance(step, CreateOp) for name in step.definition.provides()}
        node.makes |= again
        node.takes |= again
    if isinstance(definition, GeneratedColumn | TenantColumn):
        _add_column(node, definition, dotted(definition.schema, definition.table))
    if operation.new is not None:
        node.needs |= _mentions(operation.new)
        node.wants |= words(operation.new.hints())
    if operation.old is not None:
        node.used |= _mentions(operation.old)
        node.wanted |= words(operation.old.hints())
    if isinstance(operation, ReplaceOp) and isinstance(definition, NamedType):
        node.reshapes |= names | {sql.unquoted(table) for table, _ in definition.columns or ()}
    _add_schema(node, definition)
    return node


def _add_rows(node: Node, operation: DefinitionOp, table: str) -> None:
    """What fills new columns, and what empties those that go: NOT NULL comes after it, and goes before."""
    if loses_values(operation):
        node.takes.add(_former_rows_of(table))
    else:
        node.makes.add(_new_rows_of(table))


def loses_values(operation: MigrateOperation) -> bool:
    """Whether an operation only remembers the values of rows in columns that are dropped."""
    if not (isinstance(operation, ReplaceOp) and isinstance(operation.old, Rows) and isinstance(operation.new, Rows)):
        return False
    return any(row.keys() - new.keys() for row, new in zip(operation.old.rows, operation.new.rows, strict=True))


def _add_column(node: Node, definition: Definition, table: str) -> None:
    if isinstance(definition, TenantColumn):
        node.reshapes.add(table)
        node.takes.add(former_key_of(table))
    elif isinstance(node.operation, CreateOp):
        node.makes.add(_new_columns_of(table))
    elif isinstance(node.operation, DropOp):
        node.takes.add(_former_columns_of(table))


def mentioned(operations: Iterable[MigrateOperation]) -> set[str]:
    """The names that stand in operations."""
    return {name for node in map(node_of, operations) for name in node.needs | node.used}


def _rank(operation: DefinitionOp) -> int:
    kind = operation.definition.kind
    if isinstance(operation, DropOp):
        return _DROP_RANK.get(kind, _LAST_DROP_RANK)
    return _CREATE_RANK.get(kind, STOCK_RANK)


def _mentions(definition: Definition) -> set[str]:
    table = definition.belongs_to()
    return words(definition.texts()) | ({table} if table else set())


def _add_modification(node: Node, operation: MigrateOperation) -> None:
    """What an ALTER TABLE refers to beyond its own table."""
    if isinstance(operation, stock.CreateForeignKeyOp):
        referent = dotted(operation.kw.get("referent_schema"), operation.referent_table)
        node.needs |= {referent, new_key_of(referent)}
    elif isinstance(operation, stock.AddColumnOp):
        node.needs |= words([_column_text(operation.column)]) | _types_of(operation.column)
    elif isinstance(operation, stock.AlterColumnOp):
        existing, modified = _type_names(operation.existing_type), _type_names(operation.modify_type)
        node.needs |= modified or (existing if operation.modify_server_default else set())
        node.used |= existing
        node.needs |= words([str(getattr(operation.modify_server_default, "arg", operation.modify_server_default))])
        node.used |= words([str(getattr(operation.existing_server_default, "arg", operation.existing_server_default))])
    elif isinstance(operation, stock.DropConstraintOp | stock.DropColumnOp | stock.DropIndexOp):
        reverse = Node(operation, 0)
        if operation._reverse is not None:  # noqa: SLF001
            _add_modification(reverse, operation._reverse)  # noqa: SLF001
        node.used |= reverse.needs
    elif isinstance(operation, stock.CreateIndexOp):
        node.needs |= words(str(column) for column in operation.columns)
        node.needs |= words([str(operation.kw.get("postgresql_where", ""))])


def _referred(table: Table) -> set[str]:
    return {
        element.target_fullname.rpartition(".")[0]
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
        for element in constraint.elements
    } - {table.fullname}


def _named_in(table: Table) -> set[str]:
    """What a table mentions but for itself and its columns, which may be called as another table is."""
    text = str(CreateTable(table, include_foreign_key_constraints=[]).compile(dialect=sql.DIALECT))
    return words([text.partition("(")[2]]) - {table.name, *table.columns.keys()}


def _column_text(column: SchemaItem) -> str:
    default = getattr(column, "server_default", None)
    text = getattr(default, "arg", None) if default is not None else getattr(column, "computed", None)
    kind = column.type.compile(dialect=sql.DIALECT) if isinstance(column, Column) else ""
    return f"{kind} {getattr(text, 'sqltext', text)}"


def _types_of(*columns: Column[Any]) -> set[str]:
    return {name for column in columns for name in _type_names(column.type)}


def _type_names(type_: Type | None) -> set[str]:
    found = None if type_ is None else named_type(type_)
    return set() if found is None else {type_name(found.schema, str(found.name))}
