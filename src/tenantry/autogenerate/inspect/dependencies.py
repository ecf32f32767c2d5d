"""What depends on what, as pg_depend has it."""

from collections import defaultdict

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect.scope import Scope

COLUMN = "column"

# A view's dependencies are those of its rule. PostgreSQL itself carries indexes, constraints, defaults and statistics
# over to a column's new type, so of these only those that call a function count.
_DEPENDENCIES = """
    WITH relation AS (
        SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(:schemas)
    ), routine AS (
        SELECT p.oid, n.nspname, p.proname, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
               pg_get_function_identity_arguments(p.oid) AS arguments
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = ANY(:schemas) AND p.prokind IN ('f', 'p')
    ), object AS (
        SELECT 'pg_policy'::regclass AS classid, p.oid, 'policy' AS kind, r.nspname, r.relname, '.' || p.polname AS rest
        FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
        UNION ALL
        SELECT 'pg_trigger'::regclass, t.oid, 'trigger', r.nspname, r.relname, '.' || t.tgname
        FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal AND t.tgparentid = 0
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, 'view', r.nspname, r.relname, ''
        FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE r.relkind IN ('v', 'm')
        UNION ALL
        SELECT 'pg_class'::regclass, x.indexrelid, 'view index', r.nspname, r.relname, '.' || i.relname
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN relation r ON r.oid = x.indrelid
        WHERE r.relkind = 'm'
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, 'rule', r.nspname, r.relname, '.' || w.rulename
        FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
        UNION ALL
        SELECT 'pg_attrdef'::regclass, d.oid, CASE a.attgenerated WHEN '' THEN 'default' ELSE 'column' END,
               r.nspname, r.relname, '.' || a.attname
        FROM pg_attrdef d JOIN relation r ON r.oid = d.adrelid
        JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
        UNION ALL
        SELECT 'pg_class'::regclass, x.indexrelid, coalesce(k.kind, 'index'), r.nspname, r.relname,
               '.' || coalesce(k.conname, i.relname)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN relation r ON r.oid = x.indrelid
        LEFT JOIN (SELECT conindid, conname, 'constraint' AS kind FROM pg_constraint WHERE contype = 'x') k
               ON k.conindid = x.indexrelid
        WHERE r.relkind <> 'm'
        UNION ALL
        SELECT 'pg_constraint'::regclass, k.oid, 'constraint', r.nspname, r.relname, '.' || k.conname
        FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid WHERE k.contype IN ('c', 'x')
        UNION ALL
        SELECT 'pg_constraint'::regclass, k.oid, 'foreign key', r.nspname, r.relname, '.' || k.conname
        FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid WHERE k.contype = 'f'
        UNION ALL
        SELECT 'pg_statistic_ext'::regclass, s.oid, 'statistics', r.nspname, r.relname, '.' || s.stxname
        FROM pg_statistic_ext s JOIN relation r ON r.oid = s.stxrelid
        UNION ALL
        SELECT 'pg_publication_rel'::regclass, m.oid, 'publication', r.nspname, r.relname, '.' || p.pubname
        FROM pg_publication_rel m JOIN relation r ON r.oid = m.prrelid JOIN pg_publication p ON p.oid = m.prpubid
        UNION ALL
        SELECT 'pg_event_trigger'::regclass, e.oid, 'event trigger', NULL, e.evtname, '' FROM pg_event_trigger e
        UNION ALL
        SELECT 'pg_proc'::regclass, oid, kind, nspname, proname, '(' || arguments || ')' FROM routine
    )
    SELECT DISTINCT o.kind, o.nspname, o.relname, o.rest,
           coalesce(f.kind, CASE WHEN r.relkind IN ('v', 'm') THEN 'view' ELSE 'column' END) AS on_kind,
           coalesce(f.nspname, r.nspname) AS on_schema, coalesce(f.proname, r.relname) AS on_name,
           CASE WHEN f.oid IS NOT NULL THEN '(' || f.arguments || ')'
                WHEN r.relkind IN ('v', 'm') THEN '' ELSE '.' || a.attname END AS on_rest
    FROM pg_depend d
    JOIN object o ON o.classid = d.classid AND o.oid = d.objid
    LEFT JOIN routine f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
    LEFT JOIN relation r ON d.refclassid = 'pg_class'::regclass AND r.oid = d.refobjid
    LEFT JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
    WHERE f.oid IS NOT NULL OR r.relkind IN ('v', 'm')
       OR a.attname IS NOT NULL AND o.kind NOT IN ('constraint', 'index', 'default', 'statistics')
"""


def inspect_dependents(connection: Connection, scope: Scope) -> dict[Key, set[Key]]:
    """For each routine, view, or column of a table, whatever uses it and cannot stay while it changes."""
    dependents: dict[Key, set[Key]] = defaultdict(set)
    for row in scope.rows(connection, _DEPENDENCIES):
        user = (row.kind, dotted(scope.schema(row.nspname), row.relname) + row.rest)
        used = (row.on_kind, dotted(scope.schema(row.on_schema), row.on_name) + row.on_rest)
        if user != used:
            dependents[used].add(user)
    return dependents
