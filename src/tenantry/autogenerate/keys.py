"""Unique and foreign keys, in what Alembic does not compare: MATCH, INCLUDE, DEFERRABLE, validation and comments."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, ForeignKeyConstraint, Table, UniqueConstraint

from tenantry.autogenerate.definitions import Constraint, Dependent, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.constraints import key_constraint
from tenantry.autogenerate.inspect import Scope
from tenantry.autogenerate.inspect.partitions import TableKey
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp

KEYS = """
    SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid) AS definition, k.confmatchtype = 'f' AS is_full,
           k.contype = 'u' AND k.condeferrable AS deferrable, k.contype = 'u' AND k.condeferred AS deferred,
           ARRAY(SELECT a.attname::text
                 FROM pg_index x, unnest(x.indkey::smallint[]) WITH ORDINALITY AS i(number, place)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.number
                 WHERE x.indexrelid = k.conindid AND k.contype = 'u' AND i.place > x.indnkeyatts
                 ORDER BY i.place) AS included,
           obj_description(k.oid, 'pg_constraint') AS comment
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND k.contype IN ('u', 'f') AND k.conparentid = 0 AND NOT c.relispartition
"""

_NOT_VALID = " NOT VALID"


@dataclass(frozen=True)
class _Key:
    """A key, and what of it Alembic does not see."""

    constraint: Constraint
    unseen: tuple[object, ...]


def key_operations(
    connection: Connection, scope: Scope, tables: Mapping[TableKey, Table], operations: Iterable[MigrateOperation]
) -> Iterator[DefinitionOp]:
    """The changes of keys that are there before and after, and the comments of those that Alembic makes or drops."""
    moving = _Moving(operations)
    live = _live(connection, scope)
    declared = _declared(tables)
    for identity, key in live.items():
        if moving.has(key.constraint) and key.constraint.comment is not None:
            yield DropOp(_comment(key.constraint))
        elif identity in declared and not moving.has(key.constraint):
            new = _changed(key, declared[identity])
            if new != key.constraint:
                yield ReplaceOp(key.constraint, new)
    for key in declared.values():
        if moving.has(key.constraint) and key.constraint.comment is not None:
            yield CreateOp(_comment(key.constraint))


def _comment(constraint: Constraint) -> Dependent:
    """The comment of a key by itself: gone before the key is, and back after it."""
    on = f"CONSTRAINT {sql.identifier(constraint.name)} ON {constraint.target}"
    return Dependent(
        constraint.table,
        f"comment of {constraint.name}",
        schema=constraint.schema,
        dropped_by=(sql.comment_on(on, None),),
        made_by=(sql.comment_on(on, constraint.comment),),
    )


def _changed(old: _Key, new: _Key) -> Constraint:
    """What the live key becomes: its definition stands unless it says something else."""
    if old.unseen != new.unseen:
        return new.constraint
    definition = old.constraint.definition
    if not new.constraint.definition.endswith(_NOT_VALID):
        definition = definition.removesuffix(_NOT_VALID)
    return replace(old.constraint, definition=definition, comment=new.constraint.comment)


class _Moving:
    """The keys that come or go with Alembic's operations."""

    def __init__(self, operations: Iterable[MigrateOperation]) -> None:
        self._tables: set[str] = set()
        self._keys: set[str] = set()
        for operation in operations:
            if isinstance(operation, stock.CreateTableOp | stock.DropTableOp):
                self._tables.add(dotted(operation.schema, operation.table_name))
            elif isinstance(operation, stock.ModifyTableOps):
                table = dotted(operation.schema, operation.table_name)
                self._keys |= {f"{table}.{name}" for name in map(_name, operation.ops) if name}

    def has(self, constraint: Constraint) -> bool:
        return constraint.belongs_to() in self._tables or constraint.identity in self._keys


def _name(operation: MigrateOperation) -> str | None:
    """The name of a key that Alembic makes or drops."""
    if isinstance(operation, stock.AddConstraintOp | stock.DropConstraintOp):
        name = operation.to_constraint().name
        return None if name is None else str(name)
    return None


def _live(connection: Connection, scope: Scope) -> dict[str, _Key]:
    found = [
        _Key(
            Constraint(row.relname, row.conname, row.definition, schema=scope.schema(row.nspname), comment=row.comment),
            (row.is_full, row.deferrable, row.deferred, tuple(row.included)),
        )
        for row in scope.rows(connection, KEYS)
    ]
    return {key.constraint.identity: key for key in found}


def _declared(tables: Mapping[TableKey, Table]) -> dict[str, _Key]:
    found = [
        _Key(constraint, _unseen(item))
        for (schema, _), table in tables.items()
        for item in table.constraints
        if isinstance(item, UniqueConstraint | ForeignKeyConstraint)
        and (constraint := key_constraint(table, item, schema)).name
    ]
    return {key.constraint.identity: key for key in found}


def _unseen(item: UniqueConstraint | ForeignKeyConstraint) -> tuple[object, ...]:
    if isinstance(item, ForeignKeyConstraint):
        return (item.match or "").upper() == "FULL", False, False, ()
    deferred = (item.initially or "").upper() == "DEFERRED"
    included = item.dialect_options["postgresql"]["include"] or ()
    return False, bool(item.deferrable or deferred), deferred, tuple(getattr(one, "name", one) for one in included)
