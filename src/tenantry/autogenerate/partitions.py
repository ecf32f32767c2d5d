"""Partitioned tables: what Alembic does not see of them, and what PostgreSQL cannot change."""

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import Connection, ForeignKeyConstraint, MetaData, Table, text

from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import Attachment, Partition, PartitionSecurity, RowSecurity
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired import Namespace
from tenantry.autogenerate.inspect.partitions import LivePartition, TableKey
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp
from tenantry.autogenerate.scratch import ComparisonError, Scratch, partition_by

Tables = Mapping[TableKey, Table]

_NAMES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition
"""

# To a partitioned table there is a key for each partition as well, which comes and goes with the partition.
_FOREIGN_KEYS = """
    SELECT n.nspname, c.relname, k.conname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid <> 0 AND NOT c.relispartition
"""


class Hidden:
    """What is there because of partitions, and is nothing for Alembic to compare."""

    def __init__(self, connection: Connection, metadatas: Iterable[MetaData]) -> None:
        self._namespace = Namespace(connection.dialect.default_schema_name or "public")
        declared = {
            (self._namespace.schema(table.schema), table.name)
            for metadata in metadatas
            for table in metadata.tables.values()
        }
        self._partitions = self._read(connection, _NAMES) - declared
        self._foreign_keys = self._read(connection, _FOREIGN_KEYS)

    def _read(self, connection: Connection, query: str) -> set[tuple[str | None, ...]]:
        return {(self._namespace.schema(schema), *names) for schema, *names in connection.execute(text(query))}

    def shows(self, name: str | None, kind: str, parents: Mapping[str, str | None]) -> bool:
        """Whether Alembic may see it: the form of ``include_name``."""
        schema = self._namespace.schema(parents.get("schema_name"))
        if kind == "table":
            return (schema, name) not in self._partitions
        if kind == "foreign_key_constraint":
            return (schema, parents.get("table_name"), name) not in self._foreign_keys
        return True

    def leave_out(self, operations: Iterable[MigrateOperation]) -> None:
        """Foreign keys that come by themselves do not come with a table that a downgrade restores."""
        for operation in operations:
            if isinstance(operation, stock.DropTableOp) and operation._reverse is not None:  # noqa: SLF001
                table = operation._reverse  # noqa: SLF001
                table.columns = [
                    item
                    for item in table.columns
                    if not isinstance(item, ForeignKeyConstraint)
                    or (self._namespace.schema(table.schema), table.table_name, item.name) not in self._foreign_keys
                ]


def enter_partitions(live: Catalogue, partitions: Iterable[LivePartition], known: AbstractSet[Key]) -> None:
    """Have the catalogue hold the partitions that are declared, or were; the others belong to whoever makes them."""
    for partition in partitions:
        definition = partition.definition
        if (definition.kind, definition.identity) in known:
            live.add(definition)
        else:
            live.definitions.pop((RowSecurity.kind, definition.identity), None)


def refuse_other_keys(scratch: Scratch, live: Mapping[TableKey, str], tables: Tables) -> None:
    """Report tables that are split in another way than they are declared, which no ALTER TABLE can change.

    :param live: how each partitioned table of the database is split.
    :param tables: the declared tables that are there already.
    :raises ComparisonError: if there is one.
    """
    declared = {key: partition_by(table) for key, table in tables.items()}
    doubtful = {
        key: words for key, words in declared.items() if words and key in live and _plain(words) != _plain(live[key])
    }
    printed = scratch.partition_keys(doubtful)
    for key, words in declared.items():
        found = live.get(key, "")
        if _plain(printed.get(key, words)) != _plain(found):
            msg = (
                f"table {dotted(*key)} is declared {_described(words)}, but the database has it {_described(found)}, "
                "which PostgreSQL cannot change: write a revision by hand that renames the table, creates it anew and "
                "moves the rows, or declare what the database has"
            )
            raise ComparisonError(msg)


def _plain(words: str) -> str:
    return re.sub(r"\s+", "", words).lower()


def _described(words: str) -> str:
    return f"PARTITION BY {words}" if words else "without partitions"


def restore_partitioning(
    operations: Iterable[MigrateOperation], live: Mapping[TableKey, str], namespace: Namespace
) -> None:
    """Have the downgrade of a dropped table split it again, which Alembic does not."""
    for operation in operations:
        if isinstance(operation, stock.DropTableOp):
            key = (namespace.schema(operation.schema), operation.table_name)
            if words := live.get(key):
                operation.table_kw["postgresql_partition_by"] = words


def moved(old: Partition, new: Partition) -> Iterator[DefinitionOp]:
    """Other bounds for a partition with its rows: it is detached, before any other is in the way, and attached."""
    if replace(old, comment=None) != replace(new, comment=None):
        yield DropOp(_attachment(old))
        yield CreateOp(_attachment(new))
    if old.comment != new.comment:
        yield ReplaceOp(replace(new, comment=old.comment), new)


def _attachment(partition: Partition) -> Attachment:
    return Attachment(
        partition.table,
        partition.name,
        values=partition.values,
        table_schema=partition.table_schema,
        schema=partition.schema,
    )


def close_partitions(
    partitions: Iterable[LivePartition], desired: Catalogue, secured: AbstractSet[TableKey], roles: AbstractSet[str]
) -> Iterator[DefinitionOp]:
    """Row security for partitions that nobody declared, of tables that have it: otherwise the way past is open.

    :param secured: partitioned tables whose row security changes: another database may have partitions of them.
    :param roles: the roles that must not have privileges on them.
    """
    declared = {identity for kind, identity in desired.definitions if kind == Partition.kind}
    securities = {
        (item.schema, item.table): item
        for item in desired.definitions.values()
        if isinstance(item, RowSecurity) and item.enabled
    }
    opened = {
        partition.root
        for partition in partitions
        if partition.root in securities
        and partition.definition.identity not in declared
        and not _is_closed(partition, securities[partition.root], roles)
    }
    for schema, name in sorted(opened | (secured & set(securities)), key=str):
        force = securities[schema, name].force
        yield CreateOp(PartitionSecurity(name, schema=schema, force=force, roles=tuple(sorted(roles))))


def _is_closed(partition: LivePartition, security: RowSecurity, roles: AbstractSet[str]) -> bool:
    return (partition.enabled, partition.force) == (True, security.force) and not partition.roles & roles
