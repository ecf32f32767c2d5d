"""Rules about views: with whose rights they read."""

from tenantry.lint.rule import Rule, Severity, query

_SHOWN = """
    WITH RECURSIVE shows AS (
        SELECT r.oid AS view, d.refobjid AS relation
        FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.oid
        WHERE r.relkind IN ('v', 'm')
        UNION
        SELECT s.view, d.refobjid
        FROM shows s JOIN pg_rewrite w ON w.ev_class = s.relation
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                        AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> s.relation
    ),
    secured AS (
        SELECT s.view, string_agg(DISTINCT c.oid::regclass::text, ', ') AS names
        FROM shows s JOIN pg_class c ON c.oid = s.relation AND c.relkind IN ('r', 'p', 'f')
        LEFT JOIN relation r ON r.oid = c.oid
        WHERE c.relrowsecurity OR r.key IS NOT NULL
        GROUP BY s.view
    ),
    grantees AS (
        SELECT p.relation,
               string_agg(DISTINCT CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE p.grantee::regrole::text END, ', ') AS names
        FROM privilege p JOIN acting a ON a.role = p.grantee GROUP BY p.relation
    )
"""

_AS_OWNER = f"""
    {_SHOWN}
    SELECT 'view ' || r.name, format('shows %s with the rights of its owner %I', s.names, pg_get_userbyid(r.relowner)),
           format('ALTER VIEW %s SET (security_invoker = true);', r.name)
    FROM relation r JOIN secured s ON s.view = r.oid JOIN grantees g ON g.relation = r.oid
    WHERE r.relkind = 'v' AND NOT EXISTS (
        SELECT FROM pg_options_to_table(r.reloptions) o
        WHERE o.option_name = 'security_invoker' AND o.option_value::boolean
    )
"""

_MATERIALIZED = f"""
    {_SHOWN}
    SELECT 'materialized view ' || r.name, format('keeps a copy of %s that has no row security', s.names),
           format('REVOKE ALL ON TABLE %s FROM %s;', r.name, g.names)
    FROM relation r JOIN secured s ON s.view = r.oid JOIN grantees g ON g.relation = r.oid
    WHERE r.relkind = 'm'
"""

RULES = (
    Rule(
        "view-as-owner",
        Severity.ERROR,
        "A view that reads tenants' rows as its owner",
        "Without security_invoker a view is read with the rights, and under the policies, of whoever owns it: often"
        " none. One SELECT on the view reads all tenants.",
        query(_AS_OWNER),
    ),
    Rule(
        "materialized-view-readable",
        Severity.ERROR,
        "A materialised view of tenants' rows that the application may read",
        "It is a copy, made with its owner's rights, and can have no policies: every tenant reads what was all"
        " tenants' at the last refresh.",
        query(_MATERIALIZED),
    ),
)
