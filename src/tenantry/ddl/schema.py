"""Schemas."""

from dataclasses import KW_ONLY, InitVar, dataclass

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem


@dataclass(frozen=True)
class Schema(DatabaseItem):
    """A schema: the object of a grant and, with ``metadata``, one that migrations make for what lives in it."""

    kind = "schema"

    name: str
    _: KW_ONLY
    comment: str | None = None
    metadata: InitVar[MetaData | None] = None

    def __post_init__(self, metadata: MetaData | None) -> None:
        if metadata is not None:
            self.attach_to(metadata)
