"""Which tables an operation locks, how strongly, and what keeps the lock long: for the comments of a revision.

Locks that neither readers nor writers notice are none here.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import CheckConstraint, ForeignKeyConstraint

from tenantry.autogenerate.definitions import (
    Attachment,
    Constraint,
    Definition,
    GeneratedColumn,
    Index,
    NamedType,
    NumberedColumn,
    Owner,
    Partition,
    Policy,
    RowSecurity,
    Trigger,
    View,
    sql,
)
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import DefinitionOp
from tenantry.autogenerate.rewrites import adding_rewrites, altering_rewrites

SHARE, SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE = "SHARE", "SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"

_REFERENCES = re.compile(r'REFERENCES ((?:"(?:[^"]|"")*"|[^\s".(]+)(?:\.(?:"(?:[^"]|"")*"|[^\s".(]+))?)')


@dataclass(frozen=True)
class Lock:
    """A lock that readers or writers notice.

    :param mode: as LOCK TABLE calls it.
    :param tables: tables or views, as identities name them.
    :param work: what is done under it that takes the longer the larger the table is.
    :param cheaper: the way in which others wait less.
    """

    mode: str
    tables: tuple[str, ...]
    work: str = ""
    cheaper: str = ""


_FIRST = "NOT VALID first"


def locks(operation: MigrateOperation, volatile: AbstractSet[str] = frozenset()) -> Iterator[Lock]:
    """The locks that an operation takes.

    :param volatile: names of functions that give another value for each row.
    """
    if isinstance(operation, DefinitionOp):
        yield from _locks_of_definition(operation)
    elif isinstance(operation, stock.CreateTableOp | stock.DropTableOp):
        mode = SHARE_ROW_EXCLUSIVE if isinstance(operation, stock.CreateTableOp) else ACCESS_EXCLUSIVE
        keys = operation.to_table().foreign_key_constraints
        referred = {element.target_fullname.rpartition(".")[0] for key in keys for element in key.elements}
        if others := referred - {dotted(operation.schema, operation.table_name)}:
            yield Lock(mode, tuple(sorted(others)))
    elif isinstance(operation, stock.CreateIndexOp | stock.DropIndexOp):
        if not operation.kw.get("postgresql_concurrently"):
            tables = (dotted(operation.schema, operation.table_name or ""),)
            building = isinstance(operation, stock.CreateIndexOp)
            yield _building_index(tables) if building else Lock(ACCESS_EXCLUSIVE, tables)
    elif isinstance(operation, stock.AddConstraintOp | stock.DropConstraintOp):
        yield from _locks_of_constraint(operation)
    elif isinstance(operation, stock.AddColumnOp | stock.DropColumnOp | stock.AlterColumnOp):
        yield from _locks_of_column(operation, volatile)


def _locks_of_definition(operation: DefinitionOp) -> Iterator[Lock]:
    old, new = operation.old, operation.new
    tables = (operation.definition.belongs_to() or "",)
    if all(
        statement.sql.startswith("COMMENT ON") or " VALIDATE CONSTRAINT " in statement.sql
        for statement in operation.statements({})
    ):
        return
    if old is not None and new is not None and new.renaming(old):
        yield from [] if isinstance(old, Index) else [Lock(ACCESS_EXCLUSIVE, (old.belongs_to() or old.identity,))]
    elif isinstance(operation.definition, Trigger):
        in_place = old is None or (isinstance(new, Trigger) and new.replaces_in_place(old))
        yield Lock(SHARE_ROW_EXCLUSIVE if in_place else ACCESS_EXCLUSIVE, tables)
    elif isinstance(operation.definition, Constraint | Index):
        yield from [] if old is None else [_dropping(old)]
        yield from [] if new is None else [_adding(new)]
    elif isinstance(new, NamedType) and isinstance(old, NamedType):
        yield from _converting(old, new)
    elif isinstance(operation.definition, GeneratedColumn):
        rewrites = operation.definition.stored and new is not None
        yield Lock(ACCESS_EXCLUSIVE, tables, "it is rewritten" if rewrites else "")
    else:
        yield from _exclusive(operation, tables)


def _exclusive(operation: DefinitionOp, tables: tuple[str, ...]) -> Iterator[Lock]:
    """What lets nobody in at all."""
    definition = operation.definition
    if isinstance(definition, Attachment) and operation.old is None:  # its table is read and written meanwhile
        yield Lock(ACCESS_EXCLUSIVE, (definition.identity,), "its rows are checked", "a valid CHECK first")
    elif isinstance(definition, NumberedColumn | Policy | RowSecurity | Partition) or (
        isinstance(definition, Owner) and definition.table
    ):
        yield Lock(ACCESS_EXCLUSIVE, tables)
    elif isinstance(operation.old, View):
        yield Lock(ACCESS_EXCLUSIVE, (operation.old.identity,))


def _converting(old: NamedType, new: NamedType) -> Iterator[Lock]:
    columns = (old.columns or ()) if new.columns is None else new.columns
    for table in dict.fromkeys(sql.unquoted(table) for table, _ in columns):
        yield Lock(ACCESS_EXCLUSIVE, (table,), "it is rewritten")


def _dropping(definition: Definition) -> Lock:
    referred = _referred(definition.definition) if isinstance(definition, Constraint) else ()
    return Lock(ACCESS_EXCLUSIVE, (definition.belongs_to() or "", *referred))


def _adding(definition: Definition) -> Lock:
    tables = (definition.belongs_to() or "",)
    if not isinstance(definition, Constraint):
        return _building_index(tables)
    kind = definition.definition.partition(" ")[0]
    if kind == "FOREIGN":
        return _checking_keys((*tables, *_referred(definition.definition)))
    return _checking_rows(tables) if kind == "CHECK" else _building_key(tables, cheaper=kind == "UNIQUE")


def _referred(definition: str) -> tuple[str, ...]:
    """The table that a foreign key refers to."""
    found = _REFERENCES.search(definition)
    return (sql.unquoted(found[1]),) if found else ()


def _locks_of_constraint(operation: stock.AddConstraintOp | stock.DropConstraintOp) -> Iterator[Lock]:
    constraint = operation.to_constraint()
    dropped = isinstance(operation, stock.DropConstraintOp)
    tables: tuple[str, ...] = (dotted(constraint.table.schema, constraint.table.name),)
    if isinstance(constraint, ForeignKeyConstraint):
        referred = constraint.elements[0].target_fullname.rpartition(".")[0]
        tables = tuple(dict.fromkeys([*tables, referred]))
    if dropped:
        yield Lock(ACCESS_EXCLUSIVE, tables)
    elif isinstance(constraint, ForeignKeyConstraint):
        yield _checking_keys(tables)
    else:
        yield _checking_rows(tables) if isinstance(constraint, CheckConstraint) else _building_key(tables)


def _locks_of_column(
    operation: stock.AddColumnOp | stock.DropColumnOp | stock.AlterColumnOp, volatile: AbstractSet[str]
) -> Iterator[Lock]:
    tables = (dotted(operation.schema, operation.table_name),)
    if isinstance(operation, stock.AlterColumnOp):
        if operation.modify_type is not None and altering_rewrites(operation):
            yield Lock(ACCESS_EXCLUSIVE, tables, "it is rewritten")
        elif operation.modify_nullable is False:
            yield Lock(ACCESS_EXCLUSIVE, tables, "its rows are checked", "a valid CHECK first")
        elif operation.modify_type is not None or (operation.has_changes() and not _only_comments(operation)):
            yield Lock(ACCESS_EXCLUSIVE, tables)
    elif isinstance(operation, stock.AddColumnOp) and adding_rewrites(operation.column, volatile):
        yield Lock(ACCESS_EXCLUSIVE, tables, "it is rewritten", "its default later")
    else:
        yield Lock(ACCESS_EXCLUSIVE, tables)


def _only_comments(operation: stock.AlterColumnOp) -> bool:
    changed = (operation.modify_nullable, operation.modify_type, operation.modify_name)
    return operation.modify_server_default is False and all(change is None for change in changed)


def _building_index(tables: tuple[str, ...]) -> Lock:
    return Lock(SHARE, tables, "the index is built", "CONCURRENTLY")


def _building_key(tables: tuple[str, ...], cheaper: bool = True) -> Lock:
    return Lock(ACCESS_EXCLUSIVE, tables, "its index is built", "USING INDEX" if cheaper else "")


def _checking_rows(tables: tuple[str, ...]) -> Lock:
    return Lock(ACCESS_EXCLUSIVE, tables, "its rows are checked", _FIRST)


def _checking_keys(tables: tuple[str, ...]) -> Lock:
    return Lock(SHARE_ROW_EXCLUSIVE, tables, "rows are checked", _FIRST)
