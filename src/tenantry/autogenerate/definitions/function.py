"""Functions and procedures."""

import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import dotted

_STANDARD_BODY = re.compile(r"\s*(BEGIN\s+ATOMIC|RETURN)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Routine(Definition):
    """What functions and procedures have in common."""

    identifying = ("schema", "arguments")

    name: str
    _: KW_ONLY
    arguments: str = ""
    language: str = "sql"
    security: str = "invoker"
    search_path: tuple[str, ...] | None = None
    settings: tuple[tuple[str, str], ...] = ()
    schema: str | None = None
    comment: str | None = None
    body: str = ""

    @property
    def signature(self) -> str:
        """Name and argument types, quoted, as DROP and GRANT want them."""
        return f"{sql.qualified(self.schema, self.name)}({sql.without_defaults(self.arguments)})"

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.name)}({sql.without_defaults(self.arguments)})"

    def grant_target(self) -> str:  # noqa: D102
        return f"{self.kind} {self.signature}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name})

    @property
    def standard_body(self) -> bool:
        """Whether the body is SQL-standard: parsed, and bound to what it uses, when it is created."""
        return self.language == "sql" and bool(_STANDARD_BODY.match(self.body))

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.arguments, *([self.body] if self.standard_body else [])]

    def hints(self) -> Sequence[str]:  # noqa: D102
        return [self.body]

    def _attributes(self) -> list[str]:
        attributes = [f"LANGUAGE {sql.identifier(self.language)}"]
        if self.security == "definer":
            attributes.append("SECURITY DEFINER")
        if self.search_path is not None:
            path = ", ".join(sql.identifier(name) for name in self.search_path) or "''"
            attributes.append(f"SET search_path TO {path}")
        attributes += [f"SET {name} TO {sql.literal(value)}" for name, value in self.settings]
        return attributes

    def _create(self, or_replace: bool) -> Statement:
        name = f"{sql.qualified(self.schema, self.name)}({self.arguments})"
        body = self.body.strip() if self.standard_body else f"AS {sql.dollar_quoted(self.body)}"
        words = [f"CREATE {'OR REPLACE ' if or_replace else ''}{self.kind.upper()} {name}", *self._attributes(), body]
        return Statement("\n".join(words))

    def _comments(self, old: str | None) -> list[Statement]:
        target = f"{self.kind.upper()} {self.signature}"
        return [] if self.comment == old else [Statement(sql.comment_on(target, self.comment))]

    def create(self) -> Sequence[Statement]:
        """New routines are closed: PostgreSQL would let everybody execute them."""
        closed = Statement(f"REVOKE ALL ON {self.kind.upper()} {self.signature} FROM PUBLIC")
        return [self._create(or_replace=False), closed, *self._comments(None)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP {self.kind.upper()} {self.signature}")]

    def rename(self, name: str) -> Statement:  # noqa: D102
        return Statement(f"ALTER {self.kind.upper()} {self.signature} RENAME TO {sql.identifier(name)}")

    def replace(self, old: Self) -> Sequence[Statement]:
        """What is not replaceable comes as a drop and a create: types are written in more than one way."""
        return [self._create(or_replace=True), *self._comments(old.comment)]

    def replaceable(self, old: Self) -> bool:
        """CREATE OR REPLACE can neither rename an argument nor take a default away."""
        return self.arguments == old.arguments


@dataclass(frozen=True)
class Procedure(Routine):
    """A procedure."""

    kind = "procedure"


@dataclass(frozen=True)
class Function(Routine):
    """A function."""

    kind = "function"

    _: KW_ONLY
    returns: str = "void"
    volatility: str = "volatile"
    strict: bool = False
    parallel: str = "unsafe"
    leakproof: bool = False
    cost: float | None = None
    rows: float | None = None

    def _attributes(self) -> list[str]:
        attributes = [f"RETURNS {self.returns}", *super()._attributes()]
        if self.volatility != "volatile":
            attributes.append(self.volatility.upper())
        if self.strict:
            attributes.append("STRICT")
        if self.parallel != "unsafe":
            attributes.append(f"PARALLEL {self.parallel.upper()}")
        if self.leakproof:
            attributes.append("LEAKPROOF")
        if self.cost is not None:
            attributes.append(f"COST {self.cost:g}")
        if self.rows is not None:
            attributes.append(f"ROWS {self.rows:g}")
        return attributes

    def replaceable(self, old: Self) -> bool:
        """Nor can it change the return type."""
        return self.returns == old.returns and super().replaceable(old)

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.returns, *super().texts()]
