"""Partitions, and the row security of those that nobody declared."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, renamed
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted


@dataclass(frozen=True)
class Partition(Definition):
    """A partition of a table; without ``values`` it is the default one.

    :param table_schema: the schema of the partitioned table.
    """

    kind = "partition"
    identifying = ("schema", "table_schema")

    table: str
    name: str
    _: KW_ONLY
    values: str | None = None
    partition_by: str | None = None
    table_schema: str | None = None
    schema: str | None = None
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.name)

    @property
    def _target(self) -> str:
        return sql.qualified(self.schema, self.name)

    @property
    def _parent(self) -> str:
        return sql.qualified(self.table_schema, self.table)

    @property
    def _bound(self) -> str:
        return "DEFAULT" if self.values is None else f"FOR VALUES {self.values}"

    def belongs_to(self) -> str | None:  # noqa: D102
        return dotted(self.table_schema, self.table)

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name, self.identity})

    def grant_target(self) -> str | None:  # noqa: D102
        return f"table {self._target}"

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.values or "", self.partition_by or ""]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        by = f" PARTITION BY {self.partition_by}" if self.partition_by else ""
        created = Statement(f"CREATE TABLE {self._target} PARTITION OF {self._parent} {self._bound}{by}")
        return [created, *self._comments(None)]

    def drop(self) -> Sequence[Statement]:
        """While it is attached, foreign keys to its table hold it."""
        return [self._detach(), Statement(f"DROP TABLE {self._target}")]

    def _detach(self) -> Statement:
        return Statement(f"ALTER TABLE {self._parent} DETACH PARTITION {self._target}")

    def replace(self, old: Self) -> Sequence[Statement]:
        """Only the comment: other bounds are an :class:`Attachment`."""
        return self._comments(old.comment)

    def _comments(self, old: str | None) -> list[Statement]:
        return [] if self.comment == old else [Statement(sql.comment_on(f"TABLE {self._target}", self.comment))]


@dataclass(frozen=True)
class Attachment(Partition):
    """A partition, with the rows that are in it, as a part of its table."""

    kind = "attachment"
    remembered = False

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset()

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [*super().texts(), self._target]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"ALTER TABLE {self._parent} ATTACH PARTITION {self._target} {self._bound}")]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [self._detach()]


_CLOSE = """
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT t.relid, c.relacl, c.relowner FROM pg_partition_tree({table}) t JOIN pg_class c ON c.oid = t.relid
        WHERE t.level > 0
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', part.relid::regclass);
        EXECUTE format('ALTER TABLE %s {force} ROW LEVEL SECURITY', part.relid::regclass);{revoke}
    END LOOP;
END"""

_REVOKE = """
        EXECUTE format({revoke}, part.relid::regclass);"""


@dataclass(frozen=True)
class PartitionSecurity(TableDefinition):
    """Row security as their table has it for all its partitions, whoever made them, and no way past the table.

    It is not undone: a partition that was open by mistake stays closed.

    :param roles: who must not have privileges on a partition, because the table's policies do not hold there.
    """

    kind = "partition security"
    remembered = False

    _: KW_ONLY
    force: bool = True
    roles: tuple[str, ...] = ()

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.table)

    def create(self) -> Sequence[Statement]:  # noqa: D102
        revoke = f"REVOKE ALL ON TABLE %s FROM {sql.roles(self.roles).replace('%', '%%')}"
        body = _CLOSE.format(
            table=f"{sql.literal(self.target)}::regclass",
            force="FORCE" if self.force else "NO FORCE",
            revoke=_REVOKE.format(revoke=sql.literal(revoke)) if self.roles else "",
        )
        return [Statement(f"DO {sql.dollar_quoted(body)}")]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return []

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, roles=renamed(names, self.roles))
