"""The operations of a revision as what they are: one transaction, which holds each lock until its commit."""

import textwrap
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op, renderers
from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import Connection, text

from tenantry.autogenerate.definitions import Function, Partition
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.locks import ACCESS_EXCLUSIVE, SHARE, SHARE_ROW_EXCLUSIVE, Lock, locks
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, Steps
from tenantry.autogenerate.rewrites import default_words

_STRENGTH = (SHARE, SHARE_ROW_EXCLUSIVE, ACCESS_EXCLUSIVE)
_WIDTH = 112


class TransactionOps(OpContainer):
    """Operations of one transaction; it is rendered with a comment above those for which others wait.

    :param volatile: names of functions that give another value for each row.
    """

    def __init__(self, ops: Sequence[MigrateOperation], volatile: AbstractSet[str] = frozenset()) -> None:
        super().__init__(ops)
        self.volatile = volatile

    def reverse(self) -> "TransactionOps":
        """The way back."""
        undone = [operation.reverse() for operation in reversed(self.ops)]
        steps = (operation.ops if isinstance(operation, Steps) else [operation] for operation in undone)
        return TransactionOps([step for several in steps for step in several], self.volatile)

    def commented(self) -> Iterator[tuple[list[str], MigrateOperation]]:
        """Each operation, those on one table one by one, with the comments that belong above it."""
        held = _Held(frozenset(_of_its_own(self.ops)))
        for operation in self.ops:
            for single in operation.ops if isinstance(operation, stock.ModifyTableOps) else [operation]:
                yield [_comment(lock) for lock in held.take(locks(single, self.volatile))], single


def volatile_functions(connection: Connection, operations: Sequence[MigrateOperation]) -> frozenset[str]:
    """The names of volatile functions that defaults of added, or dropped, columns call."""
    columns = [
        inner.column if isinstance(inner, stock.AddColumnOp) else inner.to_column()
        for operation in operations
        if isinstance(operation, stock.ModifyTableOps)
        for inner in operation.ops
        if isinstance(inner, stock.AddColumnOp | stock.DropColumnOp)
    ]
    named = {name for column in columns if column.server_default for name in default_words(column.server_default)}
    if not named:
        return frozenset()
    query = text("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v' AND proname = ANY(:names)")
    found = connection.scalars(query, {"names": sorted(named)}).all()
    declared = [item for operation in operations if isinstance(operation, DefinitionOp) for item in (operation.new,)]
    return frozenset(found) | {
        item.name for item in declared if isinstance(item, Function) and item.volatility == "volatile"
    }


class _Held:
    """The locks that a transaction holds already, of which nothing is said twice.

    :param silent: tables that the transaction makes or drops, for which nobody waits.
    """

    def __init__(self, silent: AbstractSet[str]) -> None:
        self._silent = silent
        self._strength: dict[str, int] = {}

    def take(self, taken: Iterator[Lock]) -> Iterator[Lock]:
        """Those of the locks that are worth a word."""
        for lock in taken:
            tables = [table for table in lock.tables if table not in self._silent]
            strength = _STRENGTH.index(lock.mode)
            new = [table for table in tables if self._strength.get(table, -1) < strength]
            self._strength |= dict.fromkeys(new, strength)
            if said := tables if lock.work else new:
                yield Lock(lock.mode, tuple(said), lock.work, lock.cheaper)


def _of_its_own(operations: Sequence[MigrateOperation]) -> Iterator[str]:
    for operation in operations:
        if isinstance(operation, stock.CreateTableOp | stock.DropTableOp):
            yield dotted(operation.schema, operation.table_name)
        elif isinstance(operation, CreateOp | DropOp) and operation.definition.kind == Partition.kind:
            yield operation.definition.identity


def _comment(lock: Lock) -> str:
    them = "it" if len(lock.tables) == 1 else "them"
    waiting = f"nobody reads or writes {them}" if lock.mode == ACCESS_EXCLUSIVE else "writers wait"
    until = f"while {lock.work}" if lock.work else "until the commit"
    cheaper = f"; cheaper: {lock.cheaper}" if lock.cheaper else ""
    said = f"{lock.mode} on {', '.join(lock.tables)}: {waiting} {until}{cheaper}"
    return textwrap.fill(said, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_long_words=False)


@renderers.dispatch_for(TransactionOps)
def _render(context: AutogenContext, operation: TransactionOps) -> list[str]:
    return [line for comments, single in operation.commented() for line in (*comments, *render_op(context, single))]
