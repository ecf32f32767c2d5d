"""Owners."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, owned, role_names


@dataclass(frozen=True)
class Owner(Definition):
    """The owner of an object, where that is not the role that migrates; dropping it gives the object back to that role.

    :param on: the object as GRANT names it.
    :param ours: whether the ledger remembers it.
    """

    kind = "owner"

    role: str
    _: KW_ONLY
    on: str
    ours: bool = True
    table: str | None = dataclasses.field(default=None, repr=False, compare=False)

    def to_drop(self) -> Self:
        """Whose it was reads better than whose it was not."""
        return self

    @property
    def identity(self) -> str:  # noqa: D102
        return self.on

    def _alter(self, role: str) -> Sequence[Statement]:
        kind, _, name = self.on.partition(" ")
        return [Statement(f"ALTER {kind.upper()} {name} OWNER TO {role}")]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return self._alter(sql.role(self.role))

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return self._alter("CURRENT_USER")

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: ARG002, D102
        return self.create()

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({owned(self.on)})

    def belongs_to(self) -> str | None:  # noqa: D102
        return self.table

    def ledger_entries(self) -> Sequence[tuple[str, str]]:  # noqa: D102
        return super().ledger_entries() if self.ours else []

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.on, *role_names([self.role])]

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, role=names.get(self.role, self.role))

    def label(self) -> str:  # noqa: D102
        return f"owner {self.role} of {self.on}"
