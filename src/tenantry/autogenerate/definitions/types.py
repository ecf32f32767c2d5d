"""Types with a name: enumerations, domains and composite types."""

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.row_security import dotted

_FORMER = "tenantry_former_type"


def type_name(schema: str | None, name: str) -> str:
    """The name under which a type is provided: one that no column can have."""
    return f"type {dotted(schema, name)}"


@dataclass(frozen=True)
class NamedType(Definition):
    """What all types with a name have in common.

    :param columns: the columns, by table, that are converted, each with ``[]`` after it if it is an array: PostgreSQL
        cannot alter the type itself, so a new one takes its place. ``None`` is a change in place.
    :param by_text: what it consists of, before or after, that PostgreSQL casts to one another only by way of text.
    :param closed: whether it is made for those only to whom it is granted; PostgreSQL would let everybody use it.
    """

    name: str
    _: KW_ONLY
    schema: str | None = None
    comment: str | None = None
    columns: tuple[tuple[str, str], ...] | None = None
    by_text: tuple[str, ...] = ()
    closed: bool = dataclasses.field(default=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return dotted(self.schema, self.name)

    @property
    def target(self) -> str:
        """The type, quoted."""
        return sql.qualified(self.schema, self.name)

    def with_comment(self, comment: str | None) -> Self:
        """The same with another comment."""
        return dataclasses.replace(self, comment=comment)

    def grant_target(self) -> str:  # noqa: D102
        return f"type {self.target}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({self.name, type_name(self.schema, self.name)})

    @property
    def _word(self) -> str:
        """What CREATE, ALTER and DROP call it."""
        return "TYPE"

    def _definition(self) -> str:
        raise NotImplementedError

    def _comments(self, old: str | None) -> list[Statement]:
        target = f"{self._word} {self.target}"
        return [] if self.comment == old else [Statement(sql.comment_on(target, self.comment))]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        created = Statement(f"CREATE {self._word} {self.target} AS {self._definition()}")
        closed = [Statement(f"REVOKE ALL ON TYPE {self.target} FROM PUBLIC")] if self.closed else []
        return [created, *closed, *self._comments(None)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"DROP {self._word} {self.target}")]

    def replace(self, old: Self) -> Sequence[Statement]:
        """In place, or with a new type that takes the place of the old one in the columns."""
        columns = old.columns if self.columns is None else self.columns
        if columns is None:
            return [*self._alter(old), *self._comments(old.comment)]
        former = sql.qualified(self.schema, _FORMER)
        return [
            Statement(f"ALTER {self._word} {self.target} RENAME TO {_FORMER}"),
            *self.create(),
            *(self._conversion(old, table, column) for table, column in columns),
            Statement(f"DROP {self._word} {former}"),
        ]

    def _conversion(self, old: Self, table: str, column: str) -> Statement:
        name = column.removesuffix("[]")
        many = column[len(name) :]
        using = self._converted(old, name, many)
        return Statement(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {self.target}{many} USING {using}")

    def _converted(self, old: Self, column: str, many: str) -> str:  # noqa: ARG002
        """A value of ``old`` as one of this type; ``many`` is ``[]`` if there are several."""
        return f"{column}::text{many}::{self.target}{many}"

    def _way(self, old: Self, was: str, now: str) -> str:
        """What stands between a value of one type and the cast to another."""
        if was == now or not {was, now} <= {*self.by_text, *old.by_text}:
            return ""
        return "::text[]" if now.endswith("[]") else "::text"

    def _alter(self, old: Self) -> Sequence[Statement]:
        """What changes everything but the comment, in place."""
        raise NotImplementedError

    def alters(self, old: Self) -> bool:
        """Whether it becomes of ``old`` in place, with the columns that have it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Enum(NamedType):
    """An enumeration."""

    kind = "enum"

    labels: tuple[str, ...] = ()

    def _definition(self) -> str:
        return f"ENUM ({', '.join(map(sql.literal, self.labels))})"

    def alters(self, old: Self) -> bool:
        """Values can be added anywhere, and renamed; PostgreSQL neither takes one away nor moves it."""
        return self.labels == old.labels or bool(self.renamed(old)) or bool(self.added(old))

    def renamed(self, old: Self) -> list[tuple[str, str]]:
        """The values that others stand in the place of, with those, if that is all that changed."""
        if len(self.labels) != len(old.labels):
            return []
        pairs = [(was, now) for was, now in zip(old.labels, self.labels, strict=True) if was != now]
        moved = any(was in self.labels or now in old.labels for was, now in pairs)
        return [] if moved else pairs

    def added(self, old: Self) -> list[str]:
        """The new values, if all the old ones are there in their order."""
        new = [label for label in self.labels if label not in old.labels]
        kept = tuple(label for label in self.labels if label in old.labels)
        return new if kept == old.labels else []

    def _alter(self, old: Self) -> Sequence[Statement]:
        alter = f"ALTER TYPE {self.target}"
        if renamed := self.renamed(old):
            return [Statement(f"{alter} RENAME VALUE {sql.literal(was)} TO {sql.literal(now)}") for was, now in renamed]
        statements = []
        there = list(old.labels)
        for position, label in enumerate(self.labels):
            if label not in there:
                after = self.labels[position - 1] if position else None
                place = f"AFTER {sql.literal(after)}" if after else f"BEFORE {sql.literal(there[0])}" if there else ""
                statements.append(Statement(f"{alter} ADD VALUE {sql.literal(label)} {place}".rstrip()))
                there.insert(position, label)
        return statements


@dataclass(frozen=True)
class Domain(NamedType):
    """A domain.

    :param base: the type it narrows.
    :param checks: the name of each constraint, and what follows it.
    """

    kind = "domain"

    base: str = ""
    _: KW_ONLY
    collation: str | None = None
    default: str | None = None
    not_null: bool = False
    checks: tuple[tuple[str, str], ...] = ()

    @property
    def _word(self) -> str:
        return "DOMAIN"

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.base, self.default or "", *(check for _, check in self.checks)]

    def _definition(self) -> str:
        parts = [self.base]
        if self.collation is not None:
            parts.append(f"COLLATE {self.collation}")
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.not_null:
            parts.append("NOT NULL")
        return " ".join([*parts, *(f"CONSTRAINT {sql.identifier(name)} {check}" for name, check in self.checks)])

    def _converted(self, old: Self, column: str, many: str) -> str:
        if self._way(old, old.base, self.base):
            return super()._converted(old, column, many)
        return f"{column}::{self.target}{many}"

    def alters(self, old: Self) -> bool:
        """Everything but what it is made of."""
        return (self.base, self.collation) == (old.base, old.collation)

    def narrows(self, old: Self) -> bool:
        """Whether it refuses values that ``old`` may have."""
        return bool(_missing(self.checks, old.checks)) or (self.not_null and not old.not_null)

    def _alter(self, old: Self) -> Sequence[Statement]:
        changes = [f"DROP CONSTRAINT {sql.identifier(name)}" for name, _ in _missing(old.checks, self.checks)]
        if self.default != old.default or changes:  # right after DROP CONSTRAINT, PostgreSQL fails on a savepoint
            changes.append("DROP DEFAULT" if self.default is None else f"SET DEFAULT {self.default}")
        if self.not_null != old.not_null:
            changes.append("SET NOT NULL" if self.not_null else "DROP NOT NULL")
        added = _missing(self.checks, old.checks)
        changes += [f"ADD CONSTRAINT {sql.identifier(name)} {check}" for name, check in added]
        return [Statement(f"ALTER DOMAIN {self.target} {change}") for change in changes]


@dataclass(frozen=True)
class CompositeType(NamedType):
    """A composite type.

    :param attributes: the name and type of each.
    """

    kind = "composite type"

    attributes: tuple[tuple[str, str], ...] = ()

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [type_ for _, type_ in self.attributes]

    def _definition(self) -> str:
        return f"({', '.join(_attribute(*attribute) for attribute in self.attributes)})"

    def _converted(self, old: Self, column: str, many: str) -> str:
        if many:
            return super()._converted(old, column, many)
        there = dict(old.attributes)
        values = [
            f"{_attribute_of(column, name)}{self._way(old, there[name], type_)}::{type_}" if name in there else "NULL"
            for name, type_ in self.attributes
        ]
        return f"CASE WHEN {column} IS DISTINCT FROM NULL THEN ROW({', '.join(values)})::{self.target} END"

    def alters(self, old: Self) -> bool:
        """Attributes come and go at the end; PostgreSQL takes another type only where no column has this one."""
        shorter = min(len(self.attributes), len(old.attributes))
        return self.attributes[:shorter] == old.attributes[:shorter]

    def _alter(self, old: Self) -> Sequence[Statement]:
        gone = old.attributes[len(self.attributes) :]
        new = self.attributes[len(old.attributes) :]
        return [
            *(Statement(f"ALTER TYPE {self.target} DROP ATTRIBUTE {sql.identifier(name)}") for name, _ in gone),
            *(Statement(f"ALTER TYPE {self.target} ADD ATTRIBUTE {_attribute(*attribute)}") for attribute in new),
        ]


def _attribute(name: str, type_: str) -> str:
    return f"{sql.identifier(name)} {type_}"


def _attribute_of(column: str, name: str) -> str:
    return f"({column}).{sql.identifier(name)}"


def _missing(one: Iterable[tuple[str, str]], other: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    return [item for item in one if item not in other]
