"""Row security of a table, and its policies."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, renamed


@dataclass(frozen=True)
class TableDefinition(Definition):
    """A definition that belongs to one table."""

    table: str
    _: KW_ONLY
    schema: str | None = None

    @property
    def target(self) -> str:
        """The table, quoted."""
        return sql.qualified(self.schema, self.table)

    def belongs_to(self) -> str | None:
        """The table, as names are written in an identity."""
        return dotted(self.schema, self.table)


def dotted(schema: str | None, name: str) -> str:
    """A name as identities write it: the part before the first dot is quoted if it has dots itself."""
    if schema is None and "." not in name and not name.startswith('"'):
        return name
    first, *rest = [name] if schema is None else [schema, name]
    if "." in first or first.startswith('"'):
        first = '"' + first.replace('"', '""') + '"'
    return ".".join([first, *rest])


_FIRST = re.compile(r'"((?:[^"]|"")*)"(?:\.(.*))?|([^.]*)(?:\.(.*))?', re.DOTALL)


def undotted(identity: str) -> tuple[str | None, str]:
    """What stands before the first dot of an identity, if there is one, and what stands after it."""
    found = _FIRST.fullmatch(identity)
    assert found is not None  # noqa: S101
    first = found[3] if found[1] is None else found[1].replace('""', '"')
    rest = found[2] or found[4]
    return (None, first) if rest is None else (first, rest)


@dataclass(frozen=True)
class RowSecurity(TableDefinition):
    """Whether row security holds for a table, and for its owner."""

    kind = "row security"

    _: KW_ONLY
    enabled: bool = True
    force: bool = True

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.table)

    def _alter(self, enabled: bool, force: bool) -> list[Statement]:
        return [
            Statement(f"ALTER TABLE {self.target} {'ENABLE' if enabled else 'DISABLE'} ROW LEVEL SECURITY"),
            Statement(f"ALTER TABLE {self.target} {'FORCE' if force else 'NO FORCE'} ROW LEVEL SECURITY"),
        ]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return self._alter(self.enabled, self.force)

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return self._alter(enabled=False, force=False)

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        changed = (self.enabled != old.enabled, self.force != old.force)
        return [statement for statement, needed in zip(self.create(), changed, strict=True) if needed]


@dataclass(frozen=True)
class Policy(TableDefinition):
    """A policy."""

    kind = "policy"

    name: str
    _: KW_ONLY
    command: str = "all"
    to: tuple[str, ...] = ()
    using: str | None = None
    with_check: str | None = None
    restrictive: bool = False
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.name}"

    @property
    def _on(self) -> str:
        return f"{sql.identifier(self.name)} ON {self.target}"

    def _clauses(self) -> str:
        clauses = f" TO {sql.roles(self.to or ('public',))}"
        if self.using is not None:
            clauses += f" USING ({self.using})"
        if self.with_check is not None:
            clauses += f" WITH CHECK ({self.with_check})"
        return clauses

    def create(self) -> Sequence[Statement]:  # noqa: D102
        kind = " AS RESTRICTIVE" if self.restrictive else ""
        command = "" if self.command == "all" else f" FOR {self.command.upper()}"
        statements = [Statement(f"CREATE POLICY {self._on}{kind}{command}{self._clauses()}")]
        return statements + self._comments(None)

    def _comments(self, old: str | None) -> list[Statement]:
        return [] if self.comment == old else [Statement(sql.comment_on(f"POLICY {self._on}", self.comment))]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP POLICY {self._on}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        return Statement(f"ALTER POLICY {self._on} RENAME TO {sql.identifier(name)}")

    def replace(self, old: Self) -> Sequence[Statement]:
        """ALTER POLICY changes roles and expressions; it can neither take a clause away nor change the command."""
        fixed = (self.command, self.restrictive, self.using is None, self.with_check is None)
        if fixed != (old.command, old.restrictive, old.using is None, old.with_check is None):
            return super().replace(old)
        same = dataclasses.replace(self, comment=old.comment) == old
        altered = [] if same else [Statement(f"ALTER POLICY {self._on}{self._clauses()}")]
        return altered + self._comments(old.comment)

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [text for text in (self.using, self.with_check) if text]

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, to=renamed(names, self.to))
