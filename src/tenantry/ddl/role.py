"""Roles, which a whole cluster shares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, words


@dataclass(frozen=True)
class Membership:
    """That a role is a member of another one, in the terms of ``GRANT ... WITH``.

    :param group: the other one.
    :param admin: whether it may let others in.
    :param inherit: whether it has the rights of the group without SET ROLE; as the role does, unless given.
    :param set: whether it may SET ROLE to the group. PostgreSQL 15 knows neither ``inherit`` nor ``set``.
    """

    group: str
    admin: bool = False
    inherit: bool | None = None
    set: bool = True


class Role(DatabaseItem):
    """A role, in the terms of ``CREATE ROLE``; passwords never stand in a declaration, nor does SUPERUSER.

    :param login: whether it may connect.
    :param bypass_rls: whether no policy binds it.
    :param create_db: whether it may create databases.
    :param create_role: whether it may create roles.
    :param inherit: whether it has the rights of the roles that it is a member of without SET ROLE.
    :param replication: whether it may replicate.
    :param connection_limit: how many connections it may have at once; any number, unless given.
    :param member_of: roles whose rights it inherits, by name or as a :class:`Membership`.
    :param settings: settings that its sessions begin with, in every database.
    :param database_settings: settings that they begin with in this one; they come before the others.
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
        member_of: str | Membership | Iterable[str | Membership] = (),
        settings: Mapping[str, str] | None = None,
        database_settings: Mapping[str, str] | None = None,
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
        self.memberships = tuple(_memberships(member_of))
        self.settings = dict(settings or {})
        self.database_settings = dict(database_settings or {})
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Role({self.name!r})"


def _memberships(member_of: str | Membership | Iterable[str | Membership]) -> Iterator[Membership]:
    items = words(member_of) if isinstance(member_of, str) else member_of
    for item in [items] if isinstance(items, Membership) else items:
        yield item if isinstance(item, Membership) else Membership(item)
