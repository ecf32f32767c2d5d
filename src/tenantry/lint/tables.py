"""Rules about row security: that it is on, binds everybody, and cannot be walked around."""

from tenantry.lint.rule import Rule, Severity, query

_OF_TENANTS = "r.key IS NOT NULL AND r.relkind IN ('r', 'p')"
_HAS_POLICY = "EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = r.oid)"

_DISABLED = f"""
    SELECT 'table ' || r.name, CASE WHEN r.tenant IS NULL THEN 'holds the tenants' ELSE 'belongs to tenants' END
           || ' but has no row security',
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', r.name)
    FROM relation r WHERE {_OF_TENANTS} AND NOT r.relrowsecurity AND NOT r.is_child AND NOT {_HAS_POLICY}
"""

_NOT_ENFORCED = f"""
    SELECT 'table ' || r.name, 'has policies that nobody asks, since row security is off',
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', r.name)
    FROM relation r WHERE NOT r.relrowsecurity AND {_HAS_POLICY}
"""

_NOT_FORCED = """
    SELECT 'table ' || r.name, format('row security does not bind its owner %I', pg_get_userbyid(r.relowner)),
           format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', r.name)
    FROM relation r WHERE r.relrowsecurity AND NOT r.relforcerowsecurity
"""

_WITHOUT_POLICY = f"""
    SELECT 'table ' || r.name, 'has row security and no policy, so that what is granted on it finds no row', NULL
    FROM relation r JOIN reachable g ON g.relation = r.oid
    WHERE r.relkind IN ('r', 'p') AND r.relrowsecurity AND NOT r.is_child AND NOT {_HAS_POLICY}
"""

_CHILD = f"""
    WITH RECURSIVE under AS (
        SELECT i.inhrelid, i.inhparent FROM pg_inherits i JOIN relation r ON r.oid = i.inhparent AND {_OF_TENANTS}
        UNION SELECT i.inhrelid, u.inhparent FROM under u JOIN pg_inherits i ON i.inhparent = u.inhrelid
    )
    SELECT 'table ' || r.name, format(
               'is part of %s, but the policies of that do not hold for whoever reads it by its own name',
               min(u.inhparent::regclass::text)
           ),
           format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;', r.name)
           || coalesce(min(' ' || g.revokes), '')
    FROM under u JOIN relation r ON r.oid = u.inhrelid JOIN (
        SELECT p.relation, string_agg(DISTINCT format('REVOKE ALL ON TABLE %s FROM %s;', p.relation::regclass,
               CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE p.grantee::regrole::text END), ' ') AS revokes
        FROM privilege p JOIN acting a ON a.role = p.grantee GROUP BY p.relation
    ) g ON g.relation = r.oid
    WHERE NOT r.relrowsecurity AND r.relkind IN ('r', 'p') AND NOT {_HAS_POLICY}
    GROUP BY r.name
"""

_DETAIL = f"""
    SELECT 'table ' || r.name, format(
               'refers to %s but has neither a tenant''s column nor row security', min(k.confrelid::regclass::text)
           ), NULL
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'f'
    JOIN relation other ON other.oid = k.confrelid AND other.key IS NOT NULL
    JOIN reachable g ON g.relation = r.oid
    WHERE r.key IS NULL AND r.relkind IN ('r', 'p') AND NOT r.relrowsecurity AND NOT r.is_child AND NOT {_HAS_POLICY}
    GROUP BY r.name
"""

_FOREIGN = """
    SELECT 'foreign table ' || r.name, 'can have no row security, and the application may use it', format(
               'REVOKE ALL ON TABLE %s FROM %s;', r.name, string_agg(
                   DISTINCT CASE p.grantee WHEN 0 THEN 'PUBLIC' ELSE p.grantee::regrole::text END, ', '
               ))
    FROM relation r JOIN privilege p ON p.relation = r.oid JOIN acting a ON a.role = p.grantee
    WHERE r.relkind = 'f' GROUP BY r.name
"""

_RULE = """
    SELECT format('rule %I on %s', w.rulename, r.name),
           format('does what it does with the rights of %I, whoever sets it off', pg_get_userbyid(r.relowner)),
           format('DROP RULE %I ON %s;', w.rulename, r.name)
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
    WHERE r.relkind IN ('r', 'p') AND (r.key IS NOT NULL OR r.relrowsecurity)
"""

_TRIGGER_DISABLED = """
    SELECT format('trigger %I on %s', t.tgname, r.name), 'is disabled',
           format('ALTER TABLE %s ENABLE TRIGGER %I;', r.name, t.tgname)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND t.tgenabled = 'D'
    WHERE r.key IS NOT NULL OR r.relrowsecurity
"""

RULES = (
    Rule(
        "row-security-disabled",
        Severity.ERROR,
        "A table of tenants without row security",
        "Any query that forgets `WHERE tenant_id = ...`, and any injected one, reads and writes the rows of all"
        " tenants.",
        query(_DISABLED),
    ),
    Rule(
        "policy-not-enforced",
        Severity.ERROR,
        "Policies on a table whose row security is off",
        "Policies alone do nothing. The table looks secured to whoever reviews it, and every tenant reads all of it.",
        query(_NOT_ENFORCED),
    ),
    Rule(
        "row-security-not-forced",
        Severity.ERROR,
        "Row security that does not bind the owner",
        "Whatever runs as the owner passes by: a SECURITY DEFINER function, a view, a job, an application that logs"
        " in as the role that migrates.",
        query(_NOT_FORCED),
    ),
    Rule(
        "partition-reachable",
        Severity.ERROR,
        "A partition or child table reachable around its parent's policies",
        "Policies are asked for the table that a query names. `SELECT * FROM orders_2025` reads all tenants, while"
        " `SELECT * FROM orders` reads one.",
        query(_CHILD),
    ),
    Rule(
        "detail-table-unsecured",
        Severity.ERROR,
        "A table that refers to tenants' rows and has no row security",
        "The lines of an order are as much a tenant's as the order. Without a tenant's column or policies of their"
        " own, every tenant reads and writes them all.",
        query(_DETAIL),
    ),
    Rule(
        "foreign-table-readable",
        Severity.ERROR,
        "A foreign table that the application may use",
        "PostgreSQL has no row security for foreign tables: every tenant reads all that the server behind it gives.",
        query(_FOREIGN),
    ),
    Rule(
        "rule-as-owner",
        Severity.WARNING,
        "A rewrite rule on a table of tenants",
        "What a rule adds to a query is checked against the rights of the table's owner, not of the caller. It can be"
        " made to read or write what the caller may not, and evaluates its input more than once.",
        query(_RULE),
    ),
    Rule(
        "trigger-disabled",
        Severity.WARNING,
        "A trigger that is switched off",
        "Triggers keep logs append-only, count and audit. One that somebody disabled for an import and forgot leaves"
        " changes without a trace.",
        query(_TRIGGER_DISABLED),
    ),
    Rule(
        "row-security-without-policy",
        Severity.NOTE,
        "Row security without a policy",
        "Nobody reaches a row, so nothing leaks. But somebody was granted the table, and the next who finds it empty"
        " will be tempted to switch row security off.",
        query(_WITHOUT_POLICY),
    ),
)
