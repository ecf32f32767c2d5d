"""Who owns what."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import TableItem
from tenantry.ddl.grant import GrantTarget


class Owner(TableItem):
    """The role that owns a table (in its ``__table_args__``) or any other object (``on``).

    What is declared without an owner belongs to whoever migrates, or stays whoever's it is.

    :param role: migrations need to be a member of it, and it needs CREATE on the schema.
    :param on: a function, procedure, view, schema, sequence or type, or a table declared elsewhere.
    :param metadata: what declares it, where ``on`` does not say.
    """

    def __init__(self, role: str, *, on: GrantTarget | None = None, metadata: MetaData | None = None) -> None:
        self.role = role
        if on is not None:
            self.stand_on(on, metadata)

    def __repr__(self) -> str:
        return f"Owner({self.role!r})"
