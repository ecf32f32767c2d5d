"""Schemas."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem


class Schema(DatabaseItem):
    """A schema: the object of a grant and, with ``metadata``, one that migrations make for what lives in it."""

    kind = "schema"

    def __init__(self, name: str, *, comment: str | None = None, metadata: MetaData | None = None) -> None:
        self.name = name
        self.comment = comment
        if metadata is not None:
            self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Schema({self.name!r})"
