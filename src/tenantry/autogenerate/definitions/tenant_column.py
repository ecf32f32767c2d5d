"""The column by which a table that was there before comes to belong to tenants."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted


@dataclass(frozen=True)
class TenantColumn(TableDefinition):
    """A tenant's column for a table that has rows already: they all go to one tenant, and none is rewritten.

    Nobody waits longer than for a moment's lock: a constant default needs no pass over the rows, the key is built
    concurrently and the foreign key checked afterwards, outside of the migration's transaction. Begun again after a
    failure, it takes up what is there.

    :param tenant: the tenant of the rows of before.
    :param type: the column's type.
    :param default: SQL expression for rows to come; None leaves them to ``tenant`` as well.
    :param primary_key: name and columns of the primary key, with the tenant's column.
    :param primary_key_before: name and columns of the primary key until now.
    :param foreign_key: name and definition of the foreign key to the tenants.
    """

    kind = "tenant column"
    remembered = False

    column: str
    _: KW_ONLY
    tenant: str
    type: str = "uuid"
    default: str | None = None
    primary_key: tuple[str, tuple[str, ...]] | None = None
    primary_key_before: tuple[str, tuple[str, ...]] | None = None
    foreign_key: tuple[str, str] | None = None
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.column}"

    @property
    def _alter(self) -> str:
        return f"ALTER TABLE {self.target}"

    @property
    def _column(self) -> str:
        return sql.identifier(self.column)

    def to_drop(self) -> "TenantColumn":
        """All of it: the key of before comes back."""
        return self

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({new_key_of(dotted(self.schema, self.table))})

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.default or "", self.foreign_key[1] if self.foreign_key else ""]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        column = f"{self._column} {self.type} NOT NULL DEFAULT {sql.literal(self.tenant)}"
        added = [Statement(f"{self._alter} ADD COLUMN IF NOT EXISTS {column}")]
        if self.comment is not None:
            added.append(Statement(sql.comment_on(f"COLUMN {self.target}.{self._column}", self.comment)))
        # only now: until the end, an application that knows of no tenants goes on
        default = f"{self._alter} ALTER COLUMN {self._column} SET DEFAULT {self.default}"
        last = [Statement(default)] if self.default is not None else []
        return [*added, *self._bind(), *self._exchange_key(self.primary_key_before, self.primary_key), *last]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        exchanged = self._exchange_key(self.primary_key, self.primary_key_before)
        return [*exchanged, Statement(f"{self._alter} DROP COLUMN {self._column}")]

    def _bind(self) -> list[Statement]:
        """The foreign key, checked without keeping writers out."""
        if self.foreign_key is None:
            return []
        name, definition = sql.identifier(self.foreign_key[0]), self.foreign_key[1]
        validate = f"{self._alter} VALIDATE CONSTRAINT {name}"
        return [
            Statement(f"{self._alter} DROP CONSTRAINT IF EXISTS {name}, ADD CONSTRAINT {name} {definition} NOT VALID"),
            Statement(validate, concurrently=validate),
        ]

    def _exchange_key(
        self, old: tuple[str, tuple[str, ...]] | None, new: tuple[str, tuple[str, ...]] | None
    ) -> list[Statement]:
        """Another primary key, whose index is built while everybody goes on."""
        if old is None or new is None:
            return []
        name, columns = new
        index = sql.identifier(f"{name[:50]}_in_progress")
        qualified = sql.qualified(self.schema, f"{name[:50]}_in_progress")
        built = f"{index} ON {self.target} ({sql.identifiers(columns)})"
        exchanged = (
            f"{self._alter} DROP CONSTRAINT {sql.identifier(old[0])},"
            f" ADD CONSTRAINT {sql.identifier(name)} PRIMARY KEY USING INDEX {index}"
        )
        return [
            Statement(
                f"DROP INDEX IF EXISTS {qualified}", concurrently=f"DROP INDEX CONCURRENTLY IF EXISTS {qualified}"
            ),
            Statement(f"CREATE UNIQUE INDEX {built}", concurrently=f"CREATE UNIQUE INDEX CONCURRENTLY {built}"),
            Statement(exchanged),
        ]


def new_key_of(table: str) -> str:
    """The name under which a table's exchanged primary key is provided: one that no other object can have."""
    return f"new key of {table}"


def former_key_of(table: str) -> str:
    """The name of the primary key that makes way for another."""
    return f"former key of {table}"
