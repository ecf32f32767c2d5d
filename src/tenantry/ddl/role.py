"""Roles, which a whole cluster shares."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, words


class Role(DatabaseItem):
    """A role, in the terms of ``CREATE ROLE``; passwords never stand in a declaration.

    :param login: whether it may connect.
    :param bypass_rls: whether no policy binds it.
    :param member_of: roles whose rights it inherits.
    """

    kind = "role"

    def __init__(
        self,
        name: str,
        *,
        login: bool = False,
        bypass_rls: bool = False,
        member_of: str | list[str] | tuple[str, ...] = (),
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.login = login
        self.bypass_rls = bypass_rls
        self.member_of = words(member_of)
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Role({self.name!r})"
