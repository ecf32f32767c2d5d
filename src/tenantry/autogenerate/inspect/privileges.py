"""Privileges: the whole ACL of every object, apart from what its owner has anyway."""

from collections.abc import Iterator

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Privilege
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_ROLE = "CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END AS role"

_RELATIONS = f"""
    SELECT n.nspname, c.relname, NULL AS attname, lower(a.privilege_type) AS privilege, {_ROLE}, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'm') AND a.grantee <> c.relowner
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
    UNION ALL
    SELECT n.nspname, c.relname, t.attname, lower(a.privilege_type), {_ROLE}, c.relkind
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped, aclexplode(t.attacl) a
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'm') AND a.grantee <> c.relowner
"""

_ROUTINES = f"""
    SELECT n.nspname, p.proname, p.prokind, pg_get_function_identity_arguments(p.oid) AS arguments,
           lower(a.privilege_type) AS privilege, {_ROLE}
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
         aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE n.nspname = ANY(:schemas) AND p.prokind IN ('f', 'p') AND a.grantee <> p.proowner
      AND {NOT_OF_EXTENSION.format("'pg_proc'::regclass", "p.oid")}
"""

_SCHEMAS = f"""
    SELECT n.nspname, lower(a.privilege_type) AS privilege, {_ROLE}
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    WHERE n.nspname = ANY(:schemas) AND a.grantee <> n.nspowner
"""


def inspect_privileges(connection: Connection, scope: Scope) -> Iterator[Privilege]:
    """All privileges of all roles but the owners."""
    for row in scope.rows(connection, _RELATIONS):
        schema = scope.schema(row.nspname)
        table = (row.relname if schema is None else f"{schema}.{row.relname}") if row.relkind in "rp" else None
        on = f"table {sql.qualified(schema, row.relname)}"
        yield Privilege(on, scope.role(row.role), row.privilege, row.attname or "", table)
    for row in scope.rows(connection, _ROUTINES):
        kind = "function" if row.prokind == "f" else "procedure"
        signature = f"{sql.qualified(scope.schema(row.nspname), row.proname)}({row.arguments})"
        yield Privilege(f"{kind} {signature}", scope.role(row.role), row.privilege)
    for row in scope.rows(connection, _SCHEMAS):
        yield Privilege(f"schema {sql.identifier(row.nspname)}", scope.role(row.role), row.privilege)
