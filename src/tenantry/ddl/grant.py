"""Privileges."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from tenantry.ddl.attachment import DeclarationError, TableItem, words
from tenantry.ddl.function import Routine
from tenantry.ddl.view import View


@dataclass(frozen=True)
class Schema:
    """A schema, as the object of a grant."""

    name: str


GrantTarget = Table | Routine | View | Schema
Names = str | list[str] | tuple[str, ...]


class Grant(TableItem):
    """Privileges on a table (in its ``__table_args__``) or on any other object (``on`` and ``metadata``).

    :param privileges: select, insert, update, delete, truncate, references, trigger, execute, usage, create.
    :param to: roles; PUBLIC is everybody.
    :param columns: narrows select, insert, update or references to these columns.
    :param on: a function, procedure, view or schema, or a table declared elsewhere.
    """

    kind = "grant"
    on: GrantTarget

    def __init__(
        self,
        privileges: Names,
        *,
        to: Names,
        columns: Names | None = None,
        on: GrantTarget | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        self.privileges = tuple(privilege.lower() for privilege in words(privileges))
        self.to = words(to)
        self.columns = None if columns is None else words(columns)
        if not self.privileges or not self.to:
            msg = f"{self!r}: a grant names at least one privilege and one role"
            raise DeclarationError(msg)
        if on is not None:
            self.stand_on(on, metadata)

    def __repr__(self) -> str:
        return f"Grant({', '.join(self.privileges)!r}, to={', '.join(self.to)!r})"
