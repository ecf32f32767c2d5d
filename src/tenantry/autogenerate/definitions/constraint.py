"""Constraints and indexes of tables, where Alembic does not look: their expressions."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted


@dataclass(frozen=True)
class Constraint(TableDefinition):
    """A CHECK or EXCLUDE constraint; ``definition`` is what follows its name, which may be left to the comparison."""

    kind = "constraint"
    remembered = False  # a table brings its constraints with it, so they are not other people's

    name: str
    definition: str = ""
    _: KW_ONLY
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.name or self.definition}"

    @property
    def is_check(self) -> bool:
        """Whether it is a CHECK: Alembic restores those with their table."""
        return self.definition.startswith("CHECK")

    def create(self) -> Sequence[Statement]:  # noqa: D102
        name = sql.identifier(self.name)
        added = Statement(f"ALTER TABLE {self.target} ADD CONSTRAINT {name} {self.definition}")
        return [added, *self._comments(None)]

    def replace(self, old: Self) -> Sequence[Statement]:
        """What only was not valid is validated, which keeps nobody waiting."""
        if self.definition == old.definition:
            return self._comments(old.comment)
        if old.definition == f"{self.definition} NOT VALID":
            validated = f"ALTER TABLE {self.target} VALIDATE CONSTRAINT {sql.identifier(self.name)}"
            return [Statement(validated), *self._comments(old.comment)]
        return super().replace(old)

    def _comments(self, old: str | None) -> list[Statement]:
        comment = sql.comment_on(f"CONSTRAINT {sql.identifier(self.name)} ON {self.target}", self.comment)
        return [] if self.comment == old else [Statement(comment)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"ALTER TABLE {self.target} DROP CONSTRAINT {sql.identifier(self.name)}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        names = f"{sql.identifier(self.name)} TO {sql.identifier(name)}"
        return Statement(f"ALTER TABLE {self.target} RENAME CONSTRAINT {names}")

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.definition]


@dataclass(frozen=True)
class Index(TableDefinition):
    """An index of a table; ``definition`` is what follows the table's name."""

    kind = "index"
    remembered = False

    name: str
    definition: str = ""
    _: KW_ONLY
    unique: bool = False
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.name}"

    def create(self) -> Sequence[Statement]:  # noqa: D102
        unique = "UNIQUE " if self.unique else ""
        made = Statement(f"CREATE {unique}INDEX {sql.identifier(self.name)} ON {self.target} {self.definition}")
        comment = sql.comment_on(f"INDEX {sql.qualified(self.schema, self.name)}", self.comment)
        return [made, *([Statement(comment)] if self.comment is not None else [])]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP INDEX {sql.qualified(self.schema, self.name)}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        return Statement(f"ALTER INDEX {sql.qualified(self.schema, self.name)} RENAME TO {sql.identifier(name)}")

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.definition]


@dataclass(frozen=True)
class ViewIndex(Index):
    """An index of a materialised view."""

    kind = "view index"
    remembered = True

    def provides(self) -> frozenset[str]:
        """An index has its name among the relations of the schema, not of the view."""
        return frozenset({f"index {dotted(self.schema, self.name)}"})
