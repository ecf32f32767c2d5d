"""What the safety rules look at, and what they find."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import MetaData, Table

from tenantry import ddl

Declared = TypeVar("Declared")


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    :param rule: the rule's name.
    :param on: the declared object.
    :param name: the part of it: a policy, constraint or index.
    :param reason: what is wrong and what to do.
    """

    rule: str
    on: Table | ddl.Routine | ddl.View
    reason: str
    name: str | None = None

    def __str__(self) -> str:
        kind = "table" if isinstance(self.on, Table) else self.on.kind
        part = f", {self.name}" if self.name else ""
        return f"{kind} {self.on.name}{part}: {self.reason} [{self.rule}]"


@dataclass(frozen=True)
class Declaration:
    """What the rules look at; a table is tenant-scoped if it has the tenant's column."""

    metadatas: Sequence[MetaData]
    tenant_column: str

    @property
    def tables(self) -> Iterator[Table]:
        """All tables."""
        return (table for metadata in self.metadatas for table in metadata.tables.values())

    @property
    def tenant_tables(self) -> Iterator[Table]:
        """Those whose rows belong to tenants."""
        return (table for table in self.tables if self.tenant_column in {column.name for column in table.columns})

    def objects(self, kind: type[Declared]) -> Iterator[Declared]:
        """Everything of a kind that is declared on the metadatas and their tables."""
        for metadata in self.metadatas:
            yield from ddl.declared(metadata, kind)
        for table in self.tables:
            yield from ddl.declared(table, kind)
