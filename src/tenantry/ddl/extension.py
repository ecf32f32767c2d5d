"""Extensions."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem


class Extension(DatabaseItem):
    """An extension that has to be installed.

    :param schema: where its objects go; None is the first schema of the search path.
    :param version: the oldest that will do: an older one is updated, a newer one is fine.
    :param comment: instead of the extension's own.
    """

    kind = "extension"

    def __init__(
        self,
        name: str,
        *,
        schema: str | None = None,
        version: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.schema = schema
        self.version = version
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Extension({self.name!r})"
