"""Generated columns of tables that are there already."""

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted

_FORMER = "tenantry_former_column"


@dataclass(frozen=True)
class GeneratedColumn(TableDefinition):
    """A generated column.

    :param expression: what PostgreSQL computes it from.
    :param stored: whether it does so when a row is written, or when it is read; a declaration may leave it open.
    :param with_it: the SQL that makes the indexes and constraints that go with the column.
    :param stays: whether there is a column of the same name without it: its values stay, or make way.
    """

    kind = "column"
    remembered = False  # a table brings its columns with it, so they are not other people's
    identifying = ("schema", "stored", "stays")

    column: str
    type: str
    expression: str
    _: KW_ONLY
    stored: bool | None = True
    not_null: bool = False
    comment: str | None = dataclasses.field(default=None, compare=False)
    with_it: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    stays: bool = dataclasses.field(default=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.column}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.column})

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.type, self.expression]

    def to_drop(self) -> Self:  # noqa: D102
        return self if self.stays and not self.stored else super().to_drop()

    def _alter(self, action: str) -> Statement:
        return Statement(f"ALTER TABLE {self.target} {action}")

    @property
    def _name(self) -> str:
        return sql.identifier(self.column)

    def _added(self, name: str, stored: str, not_null: bool) -> Statement:
        generated = f"GENERATED ALWAYS AS ({self.expression}) {stored}{' NOT NULL' if not_null else ''}"
        return self._alter(f"ADD COLUMN {name} {self.type} {generated}")

    def _belongings(self) -> list[Statement]:
        commented = sql.comment_on(f"COLUMN {self.target}.{self._name}", self.comment)
        return [Statement(text) for text in ([commented] if self.comment is not None else []) + [*self.with_it]]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        away = [self._alter(f"DROP COLUMN {self._name}")] if self.stays else []
        made = self._added(self._name, "STORED" if self.stored else "VIRTUAL", self.not_null)
        return [*away, made, *self._belongings()]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        if not self.stays:
            return [self._alter(f"DROP COLUMN {self._name}")]
        if self.stored:
            return [self._alter(f"ALTER COLUMN {self._name} DROP EXPRESSION")]
        return [  # PostgreSQL keeps only stored values, and whatever row security hides
            self._added(_FORMER, "STORED", self.not_null),
            self._alter(f"ALTER COLUMN {_FORMER} DROP EXPRESSION"),
            self._alter(f"DROP COLUMN {self._name}"),
            self._alter(f"RENAME COLUMN {_FORMER} TO {self._name}"),
            *self._belongings(),
        ]

    def replace(self, old: Self) -> Sequence[Statement]:
        """In place, which PostgreSQL 17 can."""
        statements = []
        if self.expression != old.expression:
            statements.append(self._alter(f"ALTER COLUMN {self._name} SET EXPRESSION AS ({self.expression})"))
        if self.not_null != old.not_null:
            statements.append(self._alter(f"ALTER COLUMN {self._name} {'SET' if self.not_null else 'DROP'} NOT NULL"))
        return statements

    def replaceable(self, old: Self) -> bool:
        """Neither the type nor where the values are."""
        return (self.type, self.stored) == (old.type, old.stored)
