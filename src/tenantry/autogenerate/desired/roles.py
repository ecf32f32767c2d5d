"""Roles that a metadata declares."""

from collections.abc import Iterable, Iterator, Mapping

from tenantry import ddl
from tenantry.autogenerate import definitions
from tenantry.autogenerate.definitions.membership import unusual_options

_OPTIONS_SINCE = 16


def role_definition(role: ddl.Role) -> definitions.Role:
    """A role as PostgreSQL would have it."""
    return definitions.Role(
        role.name,
        login=role.login,
        bypass_rls=role.bypass_rls,
        create_db=role.create_db,
        create_role=role.create_role,
        inherit=role.inherit,
        replication=role.replication,
        connection_limit=role.connection_limit,
        member_of=tuple(sorted(membership.group for membership in role.memberships)),
        member_options=tuple(sorted(_options(role))),
        settings=_settings(role.settings),
        database_settings=_settings(role.database_settings),
        comment=role.comment,
    )


def _options(role: ddl.Role) -> Iterator[tuple[str, str]]:
    for item in role.memberships:
        options = unusual_options(admin=item.admin, inherit=item.inherit, set_role=item.set, role_inherits=role.inherit)
        yield from ((item.group, option) for option in options)


def _settings(settings: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name.lower(), _setting(name, value)) for name, value in settings.items()))


def _setting(name: str, value: str) -> str:
    """A value as PostgreSQL keeps it: a search path is a list of names."""
    names = (part.strip() for part in value.split(","))
    return definitions.sql.identifiers(map(definitions.sql.unquoted, names)) if name.lower() == "search_path" else value


def refuse_unknown_options(roles: Iterable[definitions.Definition], server_version: int) -> None:
    """Refuse what a membership cannot be on the server.

    :param server_version: its major version.
    :raises DeclarationError: for the first such membership.
    """
    for role in roles:
        if not isinstance(role, definitions.Role):
            continue
        for group, option in role.member_options:
            if not option.startswith("ADMIN") and server_version < _OPTIONS_SINCE:
                msg = (
                    f"role {role.name}, member of {group} with {option}: only PostgreSQL {_OPTIONS_SINCE} and later "
                    "have it; declare inherit= of the role, or leave it out"
                )
                raise ddl.DeclarationError(msg)
