"""Extensions."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem


class Extension(DatabaseItem):
    """An extension that has to be installed.

    :param schema: where its objects go; None is the first schema of the search path.
    """

    kind = "extension"

    def __init__(self, name: str, *, schema: str | None = None, metadata: MetaData) -> None:
        self.name = name
        self.schema = schema
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Extension({self.name!r})"
