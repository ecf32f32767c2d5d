"""Schemas."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement


def schema_name(name: str) -> str:
    """The name under which a schema is provided: one that no other object can have."""
    return f"schema {name}"


@dataclass(frozen=True)
class Schema(Definition):
    """A schema; what lives in it comes and goes with declarations of its own."""

    kind = "schema"

    name: str
    _: KW_ONLY
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    def grant_target(self) -> str:  # noqa: D102
        return f"schema {sql.identifier(self.name)}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name, schema_name(self.name)})

    def _comments(self, old: str | None) -> list[Statement]:
        target = f"SCHEMA {sql.identifier(self.name)}"
        return [] if self.comment == old else [Statement(sql.comment_on(target, self.comment))]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"CREATE SCHEMA {sql.identifier(self.name)}"), *self._comments(None)]

    def drop(self) -> Sequence[Statement]:
        """Refused while anything is in it: that belongs to somebody else."""
        return [Statement(f"DROP SCHEMA {sql.identifier(self.name)}")]

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        return self._comments(old.comment)
