"""The columns that come again and again: types, defaults, and references that stay inside a tenant."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    TIMESTAMP,
    BigInteger,
    Enum,
    FetchedValue,
    Index,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import MappedColumn, Relationship, mapped_column, relationship
from sqlalchemy.schema import SchemaItem

OnDelete = Literal["no action", "cascade", "set null"]

#: marks a column (``info={SECRET: True}``) that the application's role never reads
SECRET: Final = "secret"  # noqa: S105
#: marks a column (``info={SENSITIVE: True}``) whose values stay out of the audit log, or one whose name is misleading
SENSITIVE: Final = "sensitive"
#: marks a column (``info={PLATFORM_WRITTEN: True}``) that the superadmin writes and the application only reads
PLATFORM_WRITTEN: Final = "platform_written"
#: where a column keeps the reference that its table turns into a foreign key
REFERENCE: Final = "reference"

#: ``sort_order`` of a column that came after its table: it stands last, wherever the table was made
ADDED: Final = 20

_LONGEST_WORD = 32


def _words(kind: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in kind]


#: an enumeration is text with a CHECK that its table adds: a new word needs no lock on the table
ENUMERATION: Final = Enum(
    enum.Enum, native_enum=False, create_constraint=False, length=_LONGEST_WORD, values_callable=_words
)

TYPES: Final[dict[Any, Any]] = {
    str: Text(),
    datetime: TIMESTAMP(timezone=True),
    Decimal: Numeric(),
    UUID: Uuid(),
    dict[str, Any]: JSONB(none_as_null=True),
    list[Any]: JSONB(none_as_null=True),
    list[str]: ARRAY(Text()),
    enum.Enum: ENUMERATION,
    enum.StrEnum: ENUMERATION,
}

JsonObject = Annotated[dict[str, Any], mapped_column(server_default="{}")]
JsonList = Annotated[list[Any], mapped_column(server_default="[]")]
Yes = Annotated[bool, mapped_column(server_default=true())]
No = Annotated[bool, mapped_column(server_default=false())]
Count = Annotated[int, mapped_column(server_default="0")]
BigInt = Annotated[int, mapped_column(BigInteger)]
Tokens = Annotated[int, mapped_column(BigInteger, server_default="0")]

Id = Annotated[UUID, mapped_column(primary_key=True, server_default=func.uuid7(), sort_order=-10)]
CreatedAt = Annotated[datetime, mapped_column(server_default=func.now(), sort_order=10)]
UpdatedAt = Annotated[
    datetime, mapped_column(server_default=func.now(), server_onupdate=FetchedValue(for_update=True), sort_order=11)
]


@dataclass(frozen=True)
class Reference:
    """A link to a row of the same tenant; ``key`` is what identifies that row within it."""

    table: str
    key: str
    on_delete: OnDelete
    use_alter: bool = False


def reference(
    table: str, *, on_delete: OnDelete = "no action", use_alter: bool = False, **options: Any
) -> MappedColumn[Any]:
    """A column that refers to a row of the same tenant, whose table's key is (tenant_id, id).

    It becomes the foreign key (tenant_id, column) with an index that serves it: a key without tenant_id would let one
    tenant point at another's rows, since foreign-key checks pass row security by.

    :param on_delete: what happens to this row when that one is deleted; set null empties this column alone.
    :param use_alter: where tables refer to one another in a circle: one of the keys is added once both are there.
    """
    return mapped_column(info={REFERENCE: Reference(table, "id", on_delete, use_alter)}, **options)


def member(*, on_delete: OnDelete = "no action", **options: Any) -> MappedColumn[Any]:
    """A column that refers to a member of the tenant by the user's id. Who leaves is deactivated, so history stays."""
    return mapped_column(info={REFERENCE: Reference("tenant_users", "user_id", on_delete)}, **options)


def same_tenant(target: str, link: str) -> str:
    """The primaryjoin of a relationship along a reference, either way: ``same_tenant("Level.id", "Wallet.level_id")``.

    Only ``link`` is marked as what the relationship writes; tenant_id belongs to the row from the start.
    """
    here, there = (attribute.partition(".")[0] for attribute in (target, link))
    return f"and_({here}.tenant_id == {there}.tenant_id, {target} == foreign({link}))"


def upward(link: str) -> str:
    """The primaryjoin from a row to the one above it in a tree: ``upward("Task.parent_task_id")``."""
    model = link.partition(".")[0]
    return f"and_(remote({model}.tenant_id) == {model}.tenant_id, remote({model}.id) == foreign({link}))"


def downward(link: str) -> str:
    """The primaryjoin from a row to those below it in a tree, the other way of :func:`upward`."""
    model = link.partition(".")[0]
    return f"and_({model}.tenant_id == remote({model}.tenant_id), {model}.id == remote(foreign({link})))"


def parent(join: str, back_populates: str | None = None, **options: Any) -> Relationship[Any]:
    """The one row that a reference points at; it is loaded when a query asks for it, never row by row in silence."""
    return relationship(primaryjoin=join, back_populates=back_populates, lazy="raise_on_sql", **options)


def children(join: str, back_populates: str, **options: Any) -> Relationship[Any]:
    """The rows that refer to this one; what becomes of them when it is deleted is the database's business."""
    return relationship(
        primaryjoin=join, back_populates=back_populates, lazy="raise_on_sql", passive_deletes="all", **options
    )


def unique_in_tenant(*columns: str) -> UniqueConstraint:
    """Unique among the rows of a tenant: a wider constraint would tell tenants of one another's values."""
    return UniqueConstraint("tenant_id", *columns)


class NewestFirst(SchemaItem):
    """An index for lists of the newest rows of a tenant, or of a part of it (``within``)."""

    __visit_name__ = "newest_first"

    def __init__(self, column: str = "created_at", *, within: Sequence[str] = ("tenant_id",)) -> None:
        self.column = column
        self.within = within

    def _set_parent(self, parent: Any, **_: Any) -> None:
        Index(None, *(parent.columns[name] for name in self.within), parent.columns[self.column].desc())
