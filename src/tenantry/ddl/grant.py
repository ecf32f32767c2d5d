"""Privileges."""

from sqlalchemy import MetaData, Sequence, Table
from sqlalchemy.types import SchemaType

from tenantry.ddl.attachment import TableItem, words
from tenantry.ddl.composite_type import CompositeType
from tenantry.ddl.function import Routine
from tenantry.ddl.privileges import Names, kind_of, privileges_on
from tenantry.ddl.schema import Schema
from tenantry.ddl.view import View

GrantTarget = Table | Routine | View | Schema | Sequence | SchemaType | CompositeType


class Grant(TableItem):
    """Privileges on a table (in its ``__table_args__``) or on any other object (``on``).

    :param privileges: select, insert, update, delete, truncate, references, trigger, maintain (PostgreSQL 17),
        execute, usage, create.
    :param to: roles; PUBLIC is everybody, and an empty sequence nobody: then what others have is revoked.
    :param columns: narrows select, insert, update or references to these columns.
    :param with_grant_option: whether they may grant it in turn; what they grant is their own affair.
    :param on: a function, procedure, view, schema, sequence or type, or a table declared elsewhere.
    :param metadata: what declares it, where ``on`` does not say.
    """

    kind = "grant"
    on: GrantTarget

    def __init__(
        self,
        privileges: Names,
        *,
        to: Names,
        columns: Names | None = None,
        with_grant_option: bool = False,
        on: GrantTarget | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        self.to = words(to)
        self.columns = None if columns is None else words(columns)
        self.with_grant_option = with_grant_option
        kind = kind_of(on) if on is not None else "table"
        kind = "column" if kind == "table" and self.columns else kind
        self.privileges = privileges_on(kind, privileges, self.to, with_grant_option)
        if on is not None:
            self.stand_on(on, metadata)

    def __repr__(self) -> str:
        return f"Grant({', '.join(self.privileges)!r}, to={', '.join(self.to)!r})"
