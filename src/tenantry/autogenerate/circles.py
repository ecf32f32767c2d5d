"""Tables that refer to one another in a circle: the foreign keys that close it come when all are there, and go first.

Alembic would leave a key marked ``use_alter`` out of the revision altogether.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.schema import AddConstraint

from tenantry.autogenerate.definitions import Constraint, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.ops import CreateOp, DropOp

Tables = Mapping[str, stock.CreateTableOp]


def opened(operations: Sequence[MigrateOperation]) -> list[MigrateOperation]:
    """The operations, with keys that close a circle taken out of their tables."""
    created = [operation for operation in operations if isinstance(operation, stock.CreateTableOp)]
    dropped = [operation._reverse for operation in operations if isinstance(operation, stock.DropTableOp)]  # noqa: SLF001
    removed = [DropOp(constraint) for constraint in _take_out(operation for operation in dropped if operation)]
    added = [CreateOp(constraint) for constraint in _take_out(created)]
    return [*removed, *operations, *added]


def _take_out(tables: Iterable[stock.CreateTableOp]) -> Iterator[Constraint]:
    by_name = {dotted(table.schema, table.table_name): table for table in tables}
    for name, key in list(_closing(by_name)):
        table = by_name[name]
        table.columns = [item for item in table.columns if item is not key]
        definition = str(AddConstraint(key, isolate_from_table=False).compile(dialect=sql.DIALECT))
        yield Constraint(
            table.table_name, str(key.name), definition[definition.index("FOREIGN KEY") :], schema=table.schema
        )


def _closing(tables: Tables) -> Iterator[tuple[str, ForeignKeyConstraint]]:
    """Keys marked as such, and of each circle that is left the one that a walk along the keys ends with."""
    done: set[str] = set()
    path: set[str] = set()

    def walk(name: str) -> Iterator[tuple[str, ForeignKeyConstraint]]:
        path.add(name)
        for key in _keys(tables[name]):
            target = key.elements[0].target_fullname.rpartition(".")[0]
            if key.use_alter or (target in path and target != name):
                yield name, key
            elif target in tables and target not in done and target != name:
                yield from walk(target)
        path.remove(name)
        done.add(name)

    for name in tables:
        if name not in done:
            yield from walk(name)


def _keys(table: stock.CreateTableOp) -> list[ForeignKeyConstraint]:
    keys = [item for item in table.columns if isinstance(item, ForeignKeyConstraint)]
    return sorted(keys, key=lambda key: (str(key.name or ""), key.column_keys))
