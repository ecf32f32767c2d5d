"""Owners."""

from collections.abc import Iterator

from sqlalchemy import Connection, text

from tenantry.autogenerate.definitions import Owner, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

# What an identity column, a serial or a view brings with it has the owner of the table.
_OWNERS = f"""
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind, n.nspname, c.relname AS name,
           '' AS arguments, c.relkind IN ('r', 'p') AS is_table, c.relowner AS owner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                      AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0 AND c.relkind = 'S')
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname,
           '(' || pg_get_function_identity_arguments(p.oid) || ')', false, p.proowner
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY(:schemas) AND p.prokind IN ('f', 'p', 'w')
      AND {NOT_OF_EXTENSION.format("'pg_proc'::regclass", "p.oid")}
    UNION ALL
    SELECT 'schema', NULL, n.nspname, '', false, n.nspowner FROM pg_namespace n WHERE n.nspname = ANY(:schemas)
    UNION ALL
    SELECT 'type', n.nspname, t.typname, '', false, t.typowner
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE n.nspname = ANY(:schemas) AND t.typelem = 0 AND (c.oid IS NULL OR c.relkind = 'c')
      AND {NOT_OF_EXTENSION.format("'pg_type'::regclass", "t.oid")}
"""


def migrating_role(connection: Connection, run_as: str | None) -> str:
    """Who owns what migrations create.

    :param run_as: the role that owns the objects, if it is there yet.
    """
    query = text("SELECT coalesce((SELECT rolname FROM pg_roles WHERE rolname = :role), current_user)")
    return str(connection.scalar(query, {"role": run_as}))


def inspect_owners(connection: Connection, scope: Scope, but: str) -> Iterator[Owner]:
    """The owners of everything in scope that does not belong to the role that migrates."""
    query = f"SELECT o.*, r.rolname FROM ({_OWNERS}) o JOIN pg_roles r ON r.oid = o.owner WHERE r.rolname <> :but"
    for row in scope.rows(connection, query, but=but):
        schema = scope.schema(row.nspname) if row.nspname else None
        table = dotted(schema, row.name) if row.is_table else None
        on = f"{row.kind} {sql.qualified(schema, row.name)}{row.arguments}"
        yield Owner(scope.role(row.rolname), on=on, table=table)
