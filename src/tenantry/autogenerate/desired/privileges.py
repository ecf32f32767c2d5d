"""The privileges and owners that a metadata declares."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from sqlalchemy import MetaData

from tenantry import ddl
from tenantry.autogenerate.catalogue import Privilege
from tenantry.autogenerate.definitions import Owner
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.targets import target

_MAINTAIN_SINCE = 17

Item = TypeVar("Item", ddl.Grant, ddl.Owner)


def declared_privileges(metadata: MetaData, namespace: Namespace) -> Iterator[Privilege]:
    """Each privilege, one by one."""
    for grant in _everywhere(metadata, ddl.Grant):
        on, table = target(grant.on, namespace)
        for role in grant.to:
            for privilege in grant.privileges:
                for column in grant.columns or ("",):
                    name = "public" if role.lower() == "public" else role
                    yield Privilege(on, name, privilege, column, grant.with_grant_option, table)


def refuse_unknown(privileges: Iterable[Privilege], server_version: int) -> None:
    """Refuse what the server has no privilege for.

    :param server_version: its major version.
    :raises DeclarationError: for the first such privilege.
    """
    for item in privileges:
        if item.privilege == "maintain" and server_version < _MAINTAIN_SINCE:
            msg = f"MAINTAIN on {item.on} to {item.role}: only PostgreSQL {_MAINTAIN_SINCE} and later have it"
            raise ddl.DeclarationError(msg)


def granted_objects(metadata: MetaData, namespace: Namespace) -> Iterator[str]:
    """The objects of which a grant says who may what, be it nobody."""
    for grant in _everywhere(metadata, ddl.Grant):
        yield target(grant.on, namespace)[0]


def declared_owners(metadata: MetaData, namespace: Namespace) -> Iterator[Owner]:
    """Each owner."""
    for owner in _everywhere(metadata, ddl.Owner):
        on, table = target(owner.on, namespace)
        yield Owner(owner.role, on=on, table=table)


def _everywhere(metadata: MetaData, kind: type[Item]) -> Iterator[Item]:
    yield from ddl.declared(metadata, kind)
    for table in metadata.tables.values():
        yield from ddl.declared(table, kind)
