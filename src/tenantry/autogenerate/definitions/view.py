"""Views and materialised views."""

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import dotted


@dataclass(frozen=True)
class View(Definition):
    """A view; ``columns``, its output with types, is known only of a view that PostgreSQL holds."""

    kind = "view"
    identifying = ("schema", "materialized")

    name: str
    _: KW_ONLY
    materialized: bool = False
    security_invoker: bool = True
    security_barrier: bool = False
    check_option: str | None = None
    schema: str | None = None
    comment: str | None = None
    column_comments: tuple[tuple[str, str], ...] = ()
    definition: str = ""
    columns: tuple[str, ...] = field(default=(), repr=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.name)

    @property
    def _target(self) -> str:
        return f"{'MATERIALIZED ' if self.materialized else ''}VIEW {sql.qualified(self.schema, self.name)}"

    def grant_target(self) -> str:  # noqa: D102
        return f"table {sql.qualified(self.schema, self.name)}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name, self.identity})

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.definition]

    def _options(self) -> str:
        options = [f"security_{name}" for name in ("invoker", "barrier") if getattr(self, f"security_{name}")]
        values = [f"{option} = true" for option in options if not self.materialized]
        if self.check_option:
            values.append(f"check_option = {self.check_option}")
        return f" WITH ({', '.join(values)})" if values else ""

    def _create(self, or_replace: bool) -> Statement:
        command = "CREATE OR REPLACE" if or_replace else "CREATE"
        return Statement(f"{command} {self._target}{self._options()} AS\n{self.definition}")

    def _comments(self, old: str | None, old_columns: tuple[tuple[str, str], ...] = ()) -> list[Statement]:
        changed = {} if self.comment == old else {self._target: self.comment}
        wanted: dict[str, str | None] = {**dict.fromkeys(dict(old_columns)), **dict(self.column_comments)}
        for column, comment in wanted.items():
            if (column, comment) not in old_columns:
                changed[f"COLUMN {sql.qualified(self.schema, self.name)}.{sql.identifier(column)}"] = comment
        return [Statement(sql.comment_on(target, comment)) for target, comment in changed.items()]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        return [self._create(or_replace=False), *self._comments(None)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP {self._target}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        return Statement(f"ALTER {self._target} RENAME TO {sql.identifier(name)}")

    def replaceable(self, old: Self) -> bool:
        """CREATE OR REPLACE VIEW can neither rename nor drop a column, nor add one that a downgrade could drop."""
        same_columns = self.columns == old.columns and bool(self.columns)
        return same_columns and not (self.materialized or old.materialized)

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        comments = self._comments(old.comment, old.column_comments)
        if dataclasses.replace(self, comment=old.comment, column_comments=old.column_comments) == old:
            return comments
        if self.materialized or old.materialized:
            return super().replace(old)
        return [self._create(or_replace=True), *comments]
