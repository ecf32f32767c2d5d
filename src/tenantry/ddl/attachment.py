"""How a declaration attaches itself: to a table, as an index does, or to a metadata."""

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.exc import NoInspectionAvailable
from sqlalchemy.schema import SchemaItem

from tenantry.errors import TenantryError

if TYPE_CHECKING:
    from sqlalchemy.sql.base import SchemaEventTarget

# Not in Table.info: Alembic would render that into the revision.
_declared: WeakKeyDictionary[Table | MetaData, list[object]] = WeakKeyDictionary()

Declared = TypeVar("Declared")


class DeclarationError(TenantryError):
    """A declaration that PostgreSQL could never accept, found where it is written."""


class TableItem(SchemaItem):
    """Something that belongs to one table and stands in its ``__table_args__``."""

    __visit_name__ = "tenantry_table_item"

    table: Table
    on: Any

    def stand_on(self, on: object, metadata: MetaData | None) -> None:
        """Belong to ``on`` although it does not stand there: a table declared elsewhere, or what is no table.

        :raises DeclarationError: when nothing says which metadata declares it.
        """
        if isinstance(on, Table):
            self._set_parent(on)
            return
        metadata = metadata or getattr(on, "metadata", None)
        if metadata is None:
            msg = f"{self!r} on {on!r} needs metadata="
            raise DeclarationError(msg)
        self.on = on
        attach(metadata, self)

    def _set_parent(self, parent: "SchemaEventTarget", **kw: Any) -> None:  # noqa: ARG002
        if not isinstance(parent, Table):
            msg = f"{self!r} belongs in the __table_args__ of a table, not on {parent!r}"
            raise DeclarationError(msg)
        self.table = self.on = parent
        attach(parent, self)


class DatabaseItem:
    """Something that belongs to the database: attached to a metadata."""

    kind: ClassVar[str]
    metadata: MetaData

    def attach_to(self, metadata: MetaData) -> None:
        """Make the object part of what ``metadata`` declares."""
        self.metadata = metadata
        attach(metadata, self)


def attach(parent: Table | MetaData, item: object) -> None:
    """Remember that ``item`` is declared on ``parent``."""
    _declared.setdefault(parent, []).append(item)


def declared(parent: Table | MetaData, kind: type[Declared]) -> list[Declared]:
    """Everything of one kind that is declared on a table or a metadata, in the order it was declared."""
    return [item for item in _declared.get(parent, ()) if isinstance(item, kind)]


def one_of(value: str, allowed: tuple[str, ...], what: str) -> str:
    """``value`` in lower case, if it is one of the words PostgreSQL knows there."""
    word = value.lower()
    if word not in allowed:
        msg = f"{what}: {value!r} is none of {', '.join(allowed)}"
        raise DeclarationError(msg)
    return word


def words(value: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """A sequence of words, however it was written: ``"select, insert"`` or ``["select", "insert"]``."""
    parts = value.split(",") if isinstance(value, str) else value
    return tuple(part.strip() for part in parts if part.strip())


def table_of(table: Any) -> Table:
    """A table, or the one that a class is mapped to."""
    if isinstance(table, Table):
        return table
    try:
        mapped = inspect(table).local_table
    except NoInspectionAvailable:
        mapped = None
    if not isinstance(mapped, Table):
        msg = f"{table!r} is neither a table nor a class mapped to one"
        raise DeclarationError(msg)
    return mapped
