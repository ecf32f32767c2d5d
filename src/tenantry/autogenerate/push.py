"""Straight from the declaration to a database, without a revision: for development databases and tests."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from alembic.autogenerate import produce_migrations
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation, OpContainer
from sqlalchemy import Connection, MetaData

PLUGINS = ("alembic.autogenerate.*", "tenantry.*")


def push(
    connection: Connection, metadata: MetaData | Sequence[MetaData], options: Mapping[str, Any] | None = None
) -> list[MigrateOperation]:
    """Make the database what the metadata declares, within the connection's transaction.

    :param options: what ``context.configure`` takes, ``tenantry_run_as`` and ``tenantry_role_names`` for example.
    :return: the operations that were run, in order; none if nothing differed.
    """
    context = MigrationContext.configure(
        connection=connection,
        opts={
            "autogenerate_plugins": list(PLUGINS),
            "compare_type": True,
            "compare_server_default": True,
            "target_metadata": metadata,
            **(options or {}),
        },
    )
    script = produce_migrations(context, cast("MetaData", metadata))  # its annotation forgets that it takes several
    operations = Operations(context)
    found = [operation for container in script.upgrade_ops_list for operation in _flat(container)]
    for operation in found:
        operations.invoke(operation)
    return found


def _flat(operation: MigrateOperation) -> Iterator[MigrateOperation]:
    if isinstance(operation, OpContainer):
        for inner in operation.ops:
            yield from _flat(inner)
    else:
        yield operation
