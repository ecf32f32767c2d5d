"""What Alembic's operations on tables mean for everything else: what they reshape, take away, and do by themselves."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from types import UnionType

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.catalogue import Catalogue, Declared, Key
from tenantry.autogenerate.column_conversion import ConvertColumnOp
from tenantry.autogenerate.columns import settle_columns
from tenantry.autogenerate.definitions import Constraint, Definition, Index
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.diff import Change
from tenantry.autogenerate.inspect.dependencies import COLUMN


def leave_to_alembic(
    live: Catalogue, desired: Catalogue, operations: Sequence[MigrateOperation], dropped: AbstractSet[str]
) -> None:
    """Alembic makes and drops indexes, and restores the CHECKs of dropped tables: the rest is ours."""
    settle_columns(live, desired, operations, dropped)
    done = index_keys(operations, stock.CreateIndexOp | stock.DropIndexOp) - rebuilt_indexes(operations)
    for catalogue, other in ((live, desired), (desired, live)):
        for key, item in list(catalogue.definitions.items()):
            indexed = item.kind == Index.kind and (key not in other.definitions or key in done)
            indexed = indexed and not (catalogue is live and key in done and _is_collated(item))
            checked = isinstance(item, Constraint) and item.is_check and item.belongs_to() in dropped
            if indexed or checked:
                del catalogue.definitions[key]


def index_keys(operations: Iterable[MigrateOperation], kind: type | UnionType) -> set[Key]:
    """The indexes that Alembic makes or drops on tables that stay."""
    return {
        (Index.kind, str(_index_of(inner)))
        for operation in operations
        if isinstance(operation, stock.ModifyTableOps)
        for inner in operation.ops
        if isinstance(inner, kind)
    }


def rebuilt_indexes(operations: Iterable[MigrateOperation]) -> set[Key]:
    """The indexes that Alembic drops and makes under the same name: it cannot tell some from those that are there."""
    return index_keys(operations, stock.CreateIndexOp) & index_keys(operations, stock.DropIndexOp)


def settle_rebuilt_indexes(
    live: Catalogue,
    declared: MutableMapping[Key, Declared],
    changes: MutableMapping[Key, Change],
    operations: Sequence[MigrateOperation],
) -> None:
    """Leave to Alembic the indexes that do differ, unless a downgrade would lose their collation."""
    ours = set()
    for key in index_keys(operations, stock.DropIndexOp):
        old = live.definitions.get(key)
        if old is None:
            continue
        if key not in declared:
            changes[key] = Change(old, None)
        if key not in changes or _is_collated(old):
            ours.add(key[1])
        else:
            changes.pop(key)
            declared.pop(key, None)
            live.definitions.pop(key)
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps):
            operation.ops = [inner for inner in operation.ops if _index_of(inner) not in ours]


def _is_collated(item: Definition) -> bool:
    """Whether it is an index with a collation, which SQLAlchemy does not see."""
    return isinstance(item, Index) and " COLLATE " in item.definition


def _index_of(operation: MigrateOperation) -> str | None:
    if not isinstance(operation, stock.CreateIndexOp | stock.DropIndexOp):
        return None
    return f"{dotted(operation.schema, operation.table_name or '')}.{operation.index_name}"


def reshaped_tables(operations: Iterable[MigrateOperation]) -> Iterator[tuple[str | None, str]]:
    """Tables that are new, or get, lose or change columns."""
    columns = stock.AddColumnOp | stock.DropColumnOp | stock.AlterColumnOp
    for operation in operations:
        if isinstance(operation, stock.CreateTableOp) or (
            isinstance(operation, stock.ModifyTableOps) and any(isinstance(inner, columns) for inner in operation.ops)
        ):
            yield operation.schema, operation.table_name


def gone_columns(operations: Iterable[MigrateOperation]) -> Iterator[Key]:
    """Columns that are dropped or get another type: PostgreSQL refuses while anything uses them."""
    yield from dropped_columns(operations)
    for inner in _modifications(operations):
        if isinstance(inner, stock.AlterColumnOp) and inner.modify_type is not None:
            yield COLUMN, f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}"


def converted_columns(operations: Iterable[MigrateOperation]) -> Iterator[Key]:
    """Columns that get, or lose, a type with a name."""
    for inner in _modifications(operations):
        if isinstance(inner, ConvertColumnOp):
            yield COLUMN, f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}"


def dropped_columns(operations: Iterable[MigrateOperation]) -> Iterator[Key]:
    """Columns that are dropped from tables that stay."""
    for inner in _modifications(operations):
        if isinstance(inner, stock.DropColumnOp):
            yield COLUMN, f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}"


def columns_dropped(operations: Iterable[MigrateOperation]) -> dict[str, list[str]]:
    """The columns that are dropped from each table that stays, but for generated ones."""
    found: dict[str, list[str]] = defaultdict(list)
    for inner in _modifications(operations):
        if isinstance(inner, stock.DropColumnOp) and inner.to_column().computed is None:
            found[dotted(inner.schema, inner.table_name)].append(inner.column_name)
    return found


def changed_expressions(operations: Iterable[MigrateOperation]) -> Iterator[str]:
    """Columns that are dropped, or get another default."""
    for inner in _modifications(operations):
        if isinstance(inner, stock.DropColumnOp) or (
            isinstance(inner, stock.AlterColumnOp) and inner.modify_server_default is not False
        ):
            yield f"{dotted(inner.schema, inner.table_name)}.{inner.column_name}"


def dropped_constraints(operations: Iterable[MigrateOperation]) -> Iterator[str]:
    """Constraints that are dropped from tables that stay."""
    for inner in _modifications(operations):
        if isinstance(inner, stock.DropConstraintOp):
            yield f"{dotted(inner.schema, inner.table_name)}.{inner.constraint_name}"


def _modifications(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    for operation in operations:
        if isinstance(operation, stock.ModifyTableOps):
            yield from operation.ops
