"""Default privileges."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import DefaultPrivilege
from tenantry.autogenerate.inspect.scope import Scope

_KINDS = {"r": "tables", "S": "sequences", "f": "functions", "T": "types", "n": "schemas"}

# What holds where nobody said anything: PostgreSQL's own, which an entry of the catalogue replaces as a whole.
_BUILT_IN = {"functions": "execute", "types": "usage"}

_DEFAULTS = """
    SELECT d.defaclobjtype AS kind, coalesce(n.nspname, '') AS in_schema, o.rolname AS for_role,
           CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS role,
           lower(a.privilege_type) AS privilege, a.is_grantable
    FROM pg_default_acl d JOIN pg_roles o ON o.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
    LEFT JOIN LATERAL aclexplode(d.defaclacl) a ON a.grantee <> d.defaclrole
    WHERE d.defaclobjtype IN ('r', 'S', 'f', 'T', 'n')
"""


def inspect_default_privileges(
    connection: Connection, scope: Scope, migrating: str, roles: Iterable[str]
) -> Iterator[DefaultPrivilege]:
    """All default privileges of the database.

    :param migrating: the role that migrates, which definitions do not name.
    :param roles: who else may create, as declarations call them: of those PostgreSQL's own defaults are told as well.
    """
    said: set[tuple[str, str]] = set()
    for row in scope.rows(connection, _DEFAULTS):
        on, for_role = _KINDS[row.kind], "" if row.for_role == migrating else scope.role(row.for_role)
        if not row.in_schema:
            said.add((on, for_role))
        if row.role is not None:
            role = scope.role(row.role)
            yield DefaultPrivilege(on, for_role, row.in_schema, role, row.privilege, row.is_grantable)
    for on, privilege in _BUILT_IN.items():
        for for_role in {"", *roles}:
            if (on, for_role) not in said:
                yield DefaultPrivilege(on, for_role, "", "public", privilege)


QUERIES: Final = (_DEFAULTS,)
