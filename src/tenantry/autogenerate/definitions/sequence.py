"""Sequences that are objects of their own, not an identity's or a serial's."""

import collections.abc
import dataclasses
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import dotted

_BITS = {"smallint": 16, "integer": 32, "bigint": 64}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Which numbers are given out; ``None`` is what PostgreSQL takes for the data type and the direction."""

    increment: int = 1
    start: int | None = None
    minvalue: int | None = None
    maxvalue: int | None = None
    cache: int = 1
    cycle: bool = False

    def without_defaults_of(self, data_type: str) -> Self:
        """The same, with ``None`` for what PostgreSQL would take anyway."""
        largest = 2 ** (_BITS[data_type] - 1)
        lowest, highest = (1, largest - 1) if self.increment > 0 else (-largest, -1)
        bounds = dataclasses.replace(
            self,
            minvalue=None if self.minvalue == lowest else self.minvalue,
            maxvalue=None if self.maxvalue == highest else self.maxvalue,
        )
        return dataclasses.replace(bounds, start=None if self.start == bounds.first() else self.start)

    def first(self) -> int:
        """The value it starts with unless another is given."""
        if self.increment > 0:
            return 1 if self.minvalue is None else self.minvalue
        return -1 if self.maxvalue is None else self.maxvalue

    def options(self) -> list[str]:
        """All of them, so that those that are no longer there go back to what PostgreSQL takes."""
        return [
            f"INCREMENT BY {self.increment}",
            "NO MINVALUE" if self.minvalue is None else f"MINVALUE {self.minvalue}",
            "NO MAXVALUE" if self.maxvalue is None else f"MAXVALUE {self.maxvalue}",
            f"START WITH {self.first() if self.start is None else self.start}",
            f"CACHE {self.cache}",
            "CYCLE" if self.cycle else "NO CYCLE",
        ]


@dataclass(frozen=True)
class Sequence(Numbers, Definition):
    """A sequence.

    :param owned: whether it goes with a column, as a serial's does; known only of one that PostgreSQL holds.
    """

    kind = "sequence"

    name: str
    _: KW_ONLY
    data_type: str = "bigint"
    schema: str | None = None
    comment: str | None = None
    owned: bool = dataclasses.field(default=False, repr=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.name)

    @property
    def _target(self) -> str:
        return sql.qualified(self.schema, self.name)

    def grant_target(self) -> str:  # noqa: D102
        return f"sequence {self._target}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name})

    def without_defaults(self) -> Self:
        """The same, with ``None`` for what PostgreSQL would take anyway."""
        return self.without_defaults_of(self.data_type)

    def _options(self) -> str:
        return " ".join([f"AS {self.data_type}", *self.options()])

    def _comments(self, old: str | None) -> list[Statement]:
        return [] if self.comment == old else [Statement(sql.comment_on(f"SEQUENCE {self._target}", self.comment))]

    def create(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        return [Statement(f"CREATE SEQUENCE {self._target} {self._options()}"), *self._comments(None)]

    def drop(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP SEQUENCE {self._target}")]

    def replace(self, old: Self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        same = dataclasses.replace(self, comment=old.comment) == old
        return [*([] if same else [self._alter()]), *self._comments(old.comment)]

    def _alter(self) -> Statement:
        """The next value stays what it is, unless nobody has taken the first one yet."""
        altered = f"ALTER SEQUENCE {self._target} {self._options()}"
        body = (
            f"BEGIN\n  IF EXISTS (SELECT FROM {self._target} WHERE is_called) THEN\n    {altered};\n"
            f"  ELSE\n    {altered} RESTART;\n  END IF;\nEND"
        )
        return Statement(f"DO {sql.dollar_quoted(body)}")
