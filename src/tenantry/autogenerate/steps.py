"""From changes to the operations that make them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions import Definition, Grant, Partition
from tenantry.autogenerate.diff import Change
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, OneWayOp, ReplaceOp
from tenantry.autogenerate.partitions import moved


def operations_of(
    changes: Iterable[Change],
    revoked: Sequence[Grant],
    granted: Sequence[Grant],
    back: Mapping[Key, Sequence[MigrateOperation]],
) -> Iterator[MigrateOperation]:
    """The operations of changes and privileges, not yet in order.

    :param back: for changes that only more than one operation undoes, these.
    """
    for change in changes:
        item = change.new or change.old
        for operation in _steps(change, back.get((item.kind, item.identity)) if item else None):
            operation.printed = change.printed
            yield operation
    yield from map(DropOp, revoked)
    yield from map(CreateOp, granted)


def _steps(change: Change, back: Sequence[MigrateOperation] | None) -> Iterator[DefinitionOp]:
    if change.old is not None and change.drops:
        yield DropOp(change.old)
    if change.new is not None and (change.rebuilt or change.old is None):
        yield CreateOp(change.new)
    if change.old is not None and change.new is not None and not change.rebuilt:
        yield from _in_place(change.old, change.new) if back is None else [OneWayOp(change.old, change.new, back)]


def _in_place(old: Definition, new: Definition) -> Iterator[DefinitionOp]:
    if isinstance(old, Partition) and isinstance(new, Partition):
        yield from moved(old, new)
    else:
        yield ReplaceOp(old, new)
