"""Partitions of a partitioned table."""

from typing import Any

from sqlalchemy import Table

from tenantry.ddl.attachment import attach, table_of


class Partition:
    """A partition, in the terms of ``CREATE TABLE ... PARTITION OF``; row security holds for it as for its table.

    The table itself says ``postgresql_partition_by``. Partitions that nobody declares are left alone.

    :param of: the partitioned table, or the class mapped to it, or a partition that is partitioned itself.
    :param values: ``FROM (...) TO (...)``, ``IN (...)`` or ``WITH (...)``; None is the default partition.
    :param partition_by: how the partition is partitioned itself.
    """

    def __init__(
        self,
        name: str,
        *,
        of: "Partition | Table | Any",
        values: str | None = None,
        partition_by: str | None = None,
        schema: str | None = None,
        comment: str | None = None,
    ) -> None:
        self.name = name
        self.of: Partition | Table = of if isinstance(of, Partition) else table_of(of)
        self.values = values
        self.partition_by = partition_by
        self.schema = schema
        self.comment = comment
        attach(self.table.metadata, self)

    @property
    def table(self) -> Table:
        """The declared table that it is in the end a part of."""
        return self.of.table if isinstance(self.of, Partition) else self.of

    def __repr__(self) -> str:
        return f"Partition({self.name!r}, of={self.of.name!r})"
