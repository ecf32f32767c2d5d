"""Roles, which a whole cluster shares."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, words


class Role(DatabaseItem):
    """A role, in the terms of ``CREATE ROLE``; passwords never stand in a declaration, nor does SUPERUSER.

    :param login: whether it may connect.
    :param bypass_rls: whether no policy binds it.
    :param create_db: whether it may create databases.
    :param create_role: whether it may create roles.
    :param inherit: whether it has the rights of the roles that it is a member of without SET ROLE.
    :param replication: whether it may replicate.
    :param connection_limit: how many connections it may have at once; any number, unless given.
    :param member_of: roles whose rights it inherits.
    :param settings: settings that its sessions begin with, in every database.
    """

    kind = "role"

    def __init__(
        self,
        name: str,
        *,
        login: bool = False,
        bypass_rls: bool = False,
        create_db: bool = False,
        create_role: bool = False,
        inherit: bool = True,
        replication: bool = False,
        connection_limit: int | None = None,
        member_of: str | list[str] | tuple[str, ...] = (),
        settings: Mapping[str, str] | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.login = login
        self.bypass_rls = bypass_rls
        self.create_db = create_db
        self.create_role = create_role
        self.inherit = inherit
        self.replication = replication
        self.connection_limit = connection_limit
        self.member_of = words(member_of)
        self.settings = dict(settings or {})
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Role({self.name!r})"
