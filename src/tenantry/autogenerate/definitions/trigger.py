"""Triggers."""

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted


@dataclass(frozen=True)
class Trigger(TableDefinition):
    """A trigger of a table or view; ``timing`` is before, after or instead of."""

    kind = "trigger"

    name: str
    _: KW_ONLY
    timing: str = "before"
    events: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    when: str | None = None
    execute: str = ""
    for_each: str = "row"
    constraint: bool = False
    deferrable: bool = False
    initially_deferred: bool = False
    old_table: str | None = None
    new_table: str | None = None
    enabled: str = "origin"
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.name}"

    @property
    def _on(self) -> str:
        return f"{sql.identifier(self.name)} ON {self.target}"

    def _create(self, or_replace: bool) -> Statement:
        words = [
            f"CREATE{' OR REPLACE' if or_replace else ''}{' CONSTRAINT' if self.constraint else ''} TRIGGER",
            sql.identifier(self.name),
            self.timing.upper(),
            " OR ".join(self._event(event) for event in self.events),
            f"ON {self.target}",
            *self._timing_of_constraint(),
            *self._transition_tables(),
            f"FOR EACH {self.for_each.upper()}",
            *([f"WHEN ({self.when})"] if self.when is not None else []),
            f"EXECUTE FUNCTION {self.execute}",
        ]
        return Statement(" ".join(words))

    def _event(self, event: str) -> str:
        if event == "update" and self.of:
            return f"UPDATE OF {sql.identifiers(self.of)}"
        return event.upper()

    def _timing_of_constraint(self) -> list[str]:
        if not self.deferrable:
            return []
        return [f"DEFERRABLE INITIALLY {'DEFERRED' if self.initially_deferred else 'IMMEDIATE'}"]

    def _transition_tables(self) -> list[str]:
        tables = [
            f"{row} TABLE AS {sql.identifier(name)}"
            for row, name in (("OLD", self.old_table), ("NEW", self.new_table))
            if name
        ]
        return ["REFERENCING", *tables] if tables else []

    def _comments(self, old: str | None) -> list[Statement]:
        return [] if self.comment == old else [Statement(sql.comment_on(f"TRIGGER {self._on}", self.comment))]

    def _enabling(self) -> Statement:
        return Statement(f"ALTER TABLE {self.target} {enabling(self.enabled)} TRIGGER {sql.identifier(self.name)}")

    def _created(self, or_replace: bool) -> list[Statement]:
        """A trigger that is created or replaced is enabled, whatever it was before."""
        return [self._create(or_replace), *([self._enabling()] if self.enabled != "origin" else [])]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [*self._created(or_replace=False), *self._comments(None)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP TRIGGER {self._on}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        return Statement(f"ALTER TRIGGER {self._on} RENAME TO {sql.identifier(name)}")

    def replaces_in_place(self, old: Definition) -> bool:
        """CREATE OR REPLACE takes a lighter lock than DROP; constraint triggers do not have it."""
        return not (self.constraint or getattr(old, "constraint", False))

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        if dataclasses.replace(self, enabled=old.enabled, comment=old.comment) == old:
            enabling = [self._enabling()] if self.enabled != old.enabled else []
            return [*enabling, *self._comments(old.comment)]
        if not self.replaces_in_place(old):
            return super().replace(old)
        return [*self._created(or_replace=True), *self._comments(old.comment)]

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.execute, *([self.when] if self.when else []), *self.of]


def enabling(enabled: str) -> str:
    """The words that make a trigger fire as it should."""
    return {"origin": "ENABLE", "disabled": "DISABLE"}.get(enabled, f"ENABLE {enabled.upper()}")
