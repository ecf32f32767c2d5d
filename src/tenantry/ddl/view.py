"""Views and materialised views."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, one_of
from tenantry.ddl.expression import Expression


class View(DatabaseItem):
    """A view, in the terms of ``CREATE VIEW``.

    :param definition: the query.
    :param materialized: a materialised view, which row security never protects.
    :param security_invoker: read the tables with the rights, and under the policies, of whoever reads the view.
    :param security_barrier: filter before conditions of the reader's that might leak.
    :param check_option: local or cascaded.
    """

    kind = "view"

    def __init__(
        self,
        name: str,
        definition: Expression,
        *,
        materialized: bool = False,
        security_invoker: bool = True,
        security_barrier: bool = False,
        check_option: str | None = None,
        schema: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.schema = schema
        self.definition = definition
        self.materialized = materialized
        self.security_invoker = security_invoker and not materialized
        self.security_barrier = security_barrier
        self.check_option = check_option and one_of(check_option, ("local", "cascaded"), f"check_option of {name}")
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"View({self.name!r})"
