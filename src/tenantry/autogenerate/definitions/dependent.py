"""What is not declared, but has to make way for something that it uses."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted


@dataclass(frozen=True)
class Dependent(TableDefinition):
    """Something on a table that no declaration has a word for: it goes before what it uses, and comes back as it was.

    :param name: what it is, in words, such as ``default of price``.
    :param dropped_by: the SQL that takes it away.
    :param made_by: the SQL that makes it.
    """

    kind = "dependent"
    remembered = False
    identifying = ("schema", "dropped_by")

    name: str
    _: KW_ONLY
    dropped_by: tuple[str, ...] = ()
    made_by: tuple[str, ...] = ()

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}: {self.name}"

    def texts(self) -> Sequence[str]:  # noqa: D102
        return self.made_by

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(text) for text in self.made_by]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(text) for text in self.dropped_by]


@dataclass(frozen=True)
class Theirs(Definition):
    """An object of somebody else's that goes before what it uses and comes back after; the ledger does not claim it."""

    kind = "theirs"
    remembered = False

    definition: Definition

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{self.definition.kind} {self.definition.identity}"

    def to_drop(self) -> Self:  # noqa: D102
        return dataclasses.replace(self, definition=self.definition.to_drop())

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return self.definition.create()

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return self.definition.drop()

    def provides(self) -> frozenset[str]:  # noqa: D102
        return self.definition.provides() | {self.identity}

    def belongs_to(self) -> str | None:  # noqa: D102
        return self.definition.belongs_to()

    def grant_target(self) -> str | None:  # noqa: D102
        return self.definition.grant_target()

    def texts(self) -> Sequence[str]:  # noqa: D102
        return self.definition.texts()

    def hints(self) -> Sequence[str]:  # noqa: D102
        return self.definition.hints()

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, definition=self.definition.with_roles(names))

    def label(self) -> str:  # noqa: D102
        return self.definition.label()
