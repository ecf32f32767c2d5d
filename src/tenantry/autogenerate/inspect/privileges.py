"""Privileges: the whole ACL of every object, apart from what its owner has anyway."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Privilege
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_ROLE = "CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS role, a.is_grantable"

# GRANT and REVOKE are the owner's, or of whoever else may grant: what those gave who got a grant option is theirs.
_GIVEN = """
    a.grantee <> {0} AND CASE WHEN pg_has_role({0}, 'MEMBER') THEN a.grantor = {0}
                              ELSE pg_has_role(a.grantor, 'MEMBER') END
"""
_KINDS = "c.relkind IN ('r', 'p', 'v', 'm', 'S')"

_RELATIONS = f"""
    SELECT n.nspname, c.relname, NULL AS attname, lower(a.privilege_type) AS privilege, {_ROLE}, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE n.nspname = ANY(:schemas) AND {_KINDS} AND {_GIVEN.format("c.relowner")}
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
    UNION ALL
    SELECT n.nspname, c.relname, t.attname, lower(a.privilege_type), {_ROLE}, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped, aclexplode(t.attacl) a
    WHERE n.nspname = ANY(:schemas) AND {_KINDS} AND {_GIVEN.format("c.relowner")}
"""

_ROUTINES = f"""
    SELECT n.nspname, p.proname, p.prokind, pg_get_function_identity_arguments(p.oid) AS arguments,
           lower(a.privilege_type) AS privilege, {_ROLE}
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE n.nspname = ANY(:schemas) AND p.prokind IN ('f', 'p', 'w') AND {_GIVEN.format("p.proowner")}
      AND {NOT_OF_EXTENSION.format("'pg_proc'::regclass", "p.oid")}
"""

_SCHEMAS = f"""
    SELECT n.nspname, lower(a.privilege_type) AS privilege, {_ROLE}
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    WHERE n.nspname = ANY(:schemas) AND {_GIVEN.format("n.nspowner")}
"""

# Arrays and the types of tables have no privileges of their own.
_TYPES = f"""
    SELECT n.nspname, t.typname, lower(a.privilege_type) AS privilege, {_ROLE}
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid,
         aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
    WHERE n.nspname = ANY(:schemas) AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')
      AND {_GIVEN.format("t.typowner")} AND {NOT_OF_EXTENSION.format("'pg_type'::regclass", "t.oid")}
"""


def inspect_privileges(connection: Connection, scope: Scope) -> Iterator[Privilege]:
    """All privileges of all roles but the owners."""
    for row in scope.rows(connection, _RELATIONS):
        schema = scope.schema(row.nspname)
        table = (row.relname if schema is None else f"{schema}.{row.relname}") if row.relkind in "rp" else None
        on = f"{'sequence' if row.relkind == 'S' else 'table'} {sql.qualified(schema, row.relname)}"
        yield Privilege(on, scope.role(row.role), row.privilege, row.attname or "", row.is_grantable, table)
    for row in scope.rows(connection, _ROUTINES):
        kind = "procedure" if row.prokind == "p" else "function"
        signature = f"{sql.qualified(scope.schema(row.nspname), row.proname)}({row.arguments})"
        yield Privilege(f"{kind} {signature}", scope.role(row.role), row.privilege, grantable=row.is_grantable)
    for row in scope.rows(connection, _SCHEMAS):
        on = f"schema {sql.identifier(row.nspname)}"
        yield Privilege(on, scope.role(row.role), row.privilege, grantable=row.is_grantable)
    for row in scope.rows(connection, _TYPES):
        on = f"type {sql.qualified(scope.schema(row.nspname), row.typname)}"
        yield Privilege(on, scope.role(row.role), row.privilege, grantable=row.is_grantable)


QUERIES: Final = (_RELATIONS, _ROUTINES, _SCHEMAS, _TYPES)
