"""What hangs on tables and cannot be declared, as the SQL that makes it: read only where something has to make way."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions import Dependent, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect.scope import Scope

_DEFAULTS = """
    SELECT n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid) AS expression
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND a.attgenerated = '' AND NOT c.relispartition AND a.attislocal
"""

_RULES = """
    SELECT n.nspname, c.relname, w.rulename AS name, pg_get_ruledef(w.oid) AS definition
    FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND w.rulename <> '_RETURN'
"""

_STATISTICS = """
    SELECT n.nspname, c.relname, format('%I.%I', s.stxnamespace::regnamespace::text, s.stxname) AS name, s.stxname,
           pg_get_statisticsobjdef(s.oid) AS definition
    FROM pg_statistic_ext s JOIN pg_class c ON c.oid = s.stxrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas)
"""

_PUBLICATIONS = """
    SELECT n.nspname, c.relname, p.pubname AS name, pg_get_expr(r.prqual, r.prrelid) AS filter,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = ANY(r.prattrs::smallint[]) ORDER BY a.attnum) AS columns
    FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid
    JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas)
"""

_FOREIGN_KEYS = """
    SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid) AS definition, fn.nspname AS on_schema,
           f.relname AS on_name, obj_description(k.oid, 'pg_constraint') AS comment,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey)) AS own,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = f.oid AND a.attnum = ANY(k.confkey)) AS other
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE n.nspname = ANY(:schemas) AND k.contype = 'f' AND k.conparentid = 0
"""


def inspect_undeclarable(connection: Connection, scope: Scope) -> dict[Key, Dependent]:
    """Column defaults, rules, extended statistics and memberships of publications."""
    found = [
        *(_default(row, scope) for row in scope.rows(connection, _DEFAULTS)),
        *(_rule(row, scope) for row in scope.rows(connection, _RULES)),
        *(_statistics(row, scope) for row in scope.rows(connection, _STATISTICS)),
        *(_publication(row, scope) for row in scope.rows(connection, _PUBLICATIONS)),
    ]
    return dict(found)


def inspect_foreign_keys(connection: Connection, scope: Scope, altered: AbstractSet[Key]) -> Iterator["Found"]:
    """The foreign keys both sides of which get another type: between the two changes the sides may not fit.

    :param altered: the columns that get another type.
    """
    for row in scope.rows(connection, _FOREIGN_KEYS):
        schema = scope.schema(row.nspname)
        own = {("column", f"{dotted(schema, row.relname)}.{name}") for name in row.own}
        place = dotted(scope.schema(row.on_schema), row.on_name)
        if own & altered and {("column", f"{place}.{name}") for name in row.other} & altered:
            table, name = sql.qualified(schema, row.relname), sql.identifier(row.conname)
            made_by = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {row.definition}"]
            if row.comment is not None:
                made_by.append(sql.comment_on(f"CONSTRAINT {name} ON {table}", row.comment))
            key = Dependent(
                row.relname,
                f"foreign key {row.conname}",
                schema=schema,
                dropped_by=(f"ALTER TABLE {table} DROP CONSTRAINT {name}",),
                made_by=tuple(made_by),
            )
            yield ("foreign key", f"{dotted(schema, row.relname)}.{row.conname}"), key


Found = tuple[Key, Dependent]


def _default(row: Any, scope: Scope) -> Found:
    schema = scope.schema(row.nspname)
    alter = f"ALTER TABLE {sql.qualified(schema, row.relname)} ALTER COLUMN {sql.identifier(row.attname)}"
    default = Dependent(
        row.relname,
        f"default of {row.attname}",
        schema=schema,
        dropped_by=(f"{alter} DROP DEFAULT",),
        made_by=(f"{alter} SET DEFAULT {row.expression}",),
    )
    return ("default", f"{dotted(schema, row.relname)}.{row.attname}"), default


def _rule(row: Any, scope: Scope) -> Found:
    schema = scope.schema(row.nspname)
    rule = Dependent(
        row.relname,
        f"rule {row.name}",
        schema=schema,
        dropped_by=(f"DROP RULE {sql.identifier(row.name)} ON {sql.qualified(schema, row.relname)}",),
        made_by=(row.definition.removesuffix(";"),),
    )
    return ("rule", f"{dotted(schema, row.relname)}.{row.name}"), rule


def _statistics(row: Any, scope: Scope) -> Found:
    schema = scope.schema(row.nspname)
    statistics = Dependent(
        row.relname,
        f"statistics {row.stxname}",
        schema=schema,
        dropped_by=(f"DROP STATISTICS {row.name}",),
        made_by=(row.definition,),
    )
    return ("statistics", f"{dotted(schema, row.relname)}.{row.stxname}"), statistics


def _publication(row: Any, scope: Scope) -> Found:
    schema = scope.schema(row.nspname)
    table, alter = sql.qualified(schema, row.relname), f"ALTER PUBLICATION {sql.identifier(row.name)}"
    columns = f" ({sql.identifiers(row.columns)})" if row.columns else ""
    where = f" WHERE ({row.filter})" if row.filter is not None else ""
    publication = Dependent(
        row.relname,
        f"publication {row.name}",
        schema=schema,
        dropped_by=(f"{alter} DROP TABLE {table}",),
        made_by=(f"{alter} ADD TABLE {table}{columns}{where}",),
    )
    return ("publication", f"{dotted(schema, row.relname)}.{row.name}"), publication
