"""The default privileges that metadatas declare."""

from collections.abc import Iterable, Iterator

from sqlalchemy import MetaData

from tenantry import ddl
from tenantry.autogenerate.catalogue import DefaultPrivilege

Place = tuple[str, str, str]


def declared_defaults(metadatas: Iterable[MetaData], migrating: str) -> Iterator[tuple[Place, set[DefaultPrivilege]]]:
    """For each declaration the place it speaks of, and its privileges one by one.

    :param migrating: the role that migrates, as declarations call it.
    """
    for metadata in metadatas:
        for grant in ddl.declared(metadata, ddl.DefaultGrant):
            for_role = "" if grant.for_role in {None, migrating} else str(grant.for_role)
            place = (grant.on, for_role, grant.in_schema or "")
            roles = ["public" if role.lower() == "public" else role for role in grant.to]
            yield (
                place,
                {
                    DefaultPrivilege(*place, role, privilege, grant.with_grant_option)
                    for role in roles
                    if role != (for_role or migrating)  # who has all privileges on what he creates
                    for privilege in grant.privileges
                },
            )
