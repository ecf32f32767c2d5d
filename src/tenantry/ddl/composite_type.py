"""Composite types."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine, UserDefinedType, to_instance

from tenantry.ddl.attachment import DatabaseItem

_dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

AttributeType = str | TypeEngine[Any] | type[TypeEngine[Any]]


class CompositeType(UserDefinedType[Any], DatabaseItem):
    """A composite type, which columns and other composite types can have.

    :param attributes: the type of each attribute by name, as SQL text or as SQLAlchemy's.
    """

    kind = "composite type"
    cache_ok = True

    def __init__(
        self,
        name: str,
        attributes: Mapping[str, AttributeType],
        *,
        schema: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.schema = schema
        self.attributes = tuple((attribute, _type_text(type_)) for attribute, type_ in attributes.items())
        self.comment = comment
        self.attach_to(metadata)

    def get_col_spec(self, **_: Any) -> str:
        """The name, quoted."""
        quote = _dialect.identifier_preparer.quote
        return ".".join(quote(name) for name in (self.schema, self.name) if name is not None)

    def __repr__(self) -> str:
        return f"CompositeType({self.name!r})"


def _type_text(type_: AttributeType) -> str:
    return type_ if isinstance(type_, str) else str(to_instance(type_).compile(dialect=_dialect))
