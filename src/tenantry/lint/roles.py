"""Rules about roles: what the application's logins are, or may become."""

from collections.abc import Iterator

from tenantry.lint.database import Database
from tenantry.lint.rule import Found, Rule, Severity, query

# whoever holds a role comes by its faults through that role, which is reported by itself
_DIRECTLY = """NOT EXISTS (
    SELECT FROM becomes via JOIN becomes rest ON rest.holder = via.role
    WHERE via.holder = b.holder AND rest.role = b.role AND via.role <> b.holder
    AND via.role IN (SELECT role FROM holder)
)"""
_HOLDER = "format('role %s', b.holder::regrole)"
_WHICH = "CASE WHEN b.by IS NULL THEN '' ELSE format('may become %s, which ', b.role::regrole) END"
_REVOKE = "format('REVOKE %s FROM %s;', b.by::regrole, b.holder::regrole)"
#: the holders that nothing keeps from anything are one finding, not many
_NO_SUPERUSER = "NOT r.rolsuper AND NOT EXISTS (SELECT FROM pg_roles h WHERE h.oid = b.holder AND h.rolsuper)"

_BYPASSES = f"""
    SELECT {_HOLDER}, {_WHICH} || CASE WHEN r.rolsuper THEN 'is a superuser' ELSE 'has BYPASSRLS' END,
           CASE WHEN b.by IS NOT NULL THEN {_REVOKE}
           ELSE format('ALTER ROLE %s%s%s;', b.holder::regrole, CASE WHEN r.rolsuper THEN ' NOSUPERUSER' ELSE '' END,
                       CASE WHEN r.rolbypassrls THEN ' NOBYPASSRLS' ELSE '' END) END
    FROM becomes b JOIN pg_roles r ON r.oid = b.role
    WHERE (r.rolsuper OR r.rolbypassrls) AND {_DIRECTLY}
"""

_POWERFUL = f"""
    SELECT {_HOLDER}, string_agg(power.reason, '; ' ORDER BY power.reason),
           string_agg(DISTINCT power.mend, ' ')
    FROM becomes b JOIN pg_roles r ON r.oid = b.role
    CROSS JOIN LATERAL (
        SELECT {_WHICH} || 'may ' || what AS reason,
               CASE WHEN b.by IS NOT NULL THEN {_REVOKE}
               ELSE format('ALTER ROLE %s %s;', b.holder::regrole, attribute) END AS mend
        FROM (VALUES (r.rolreplication, 'copy the whole server by replication', 'NOREPLICATION'),
                     (r.rolcreaterole, 'make and change roles', 'NOCREATEROLE')) AS v (has, what, attribute)
        WHERE has
        UNION ALL
        SELECT 'may become ' || r.rolname, {_REVOKE}
        WHERE r.rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                            'pg_execute_server_program', 'pg_maintain', 'pg_monitor', 'pg_read_all_stats')
    ) power
    WHERE {_NO_SUPERUSER} AND {_DIRECTLY}
    GROUP BY b.holder
"""

_OWNS = f"""
    WITH owned AS (
        SELECT relowner AS owner, 'table ' || name AS what, 3 AS place FROM relation
        WHERE relkind IN ('r', 'p') AND (key IS NOT NULL OR relrowsecurity)
        UNION ALL SELECT relowner, 'view ' || name, 4 FROM relation WHERE relkind IN ('v', 'm')
        UNION ALL SELECT nspowner, 'schema ' || quote_ident(nspname), 2 FROM schema
        UNION ALL SELECT datdba, 'database ' || quote_ident(datname), 1 FROM pg_database
        WHERE datname = current_database()
        UNION ALL SELECT f.proowner, 'function ' || f.oid::regprocedure, 5 FROM pg_proc f
        JOIN schema s ON s.oid = f.pronamespace
    )
    SELECT {_HOLDER}, {_WHICH} || 'owns ' || (array_agg(o.what ORDER BY o.place, o.what))[1]
           || CASE count(*) WHEN 1 THEN '' ELSE format(' and %s more', count(*) - 1) END,
           CASE WHEN b.by IS NOT NULL THEN {_REVOKE} END
    FROM becomes b JOIN owned o ON o.owner = b.role JOIN pg_roles r ON r.oid = b.role
    WHERE {_NO_SUPERUSER} AND {_DIRECTLY}
    GROUP BY b.holder, b.role, b.by
"""

_BECOMES = f"""
    SELECT {_HOLDER} AS holder, b.role, b.role::regrole::text AS name, {_REVOKE} AS fix
    FROM becomes b JOIN pg_roles r ON r.oid = b.role
    WHERE b.by IS NOT NULL AND {_NO_SUPERUSER} AND NOT r.rolbypassrls
    AND NOT EXISTS (SELECT FROM relation WHERE relowner = b.role) AND {_DIRECTLY}
"""


def _two_sides(database: Database) -> Iterator[Found]:
    """Logins of the application that may become a role with a policy across tenants."""
    across = {
        role: policy
        for policy in database.policies
        for role in policy.roles - database.acting
        if policy.permissive and policy.key is not None and not all(c.condition.is_bound for c in policy.clauses)
    }
    for row in database.rows(_BECOMES):
        if row.role in across:
            reason = f"may become {row.name}, which sees all tenants by {across[row.role].on}"
            yield Found(row.holder, reason, row.fix)


_SETTINGS = r"""
    SELECT coalesce('role ' || h.role::regrole, format('database %I', current_database())),
           format('every session begins with %s set', name),
           CASE WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', current_database())
           ELSE format('ALTER ROLE %s', h.role::regrole) || CASE WHEN s.setdatabase = 0 THEN ''
           ELSE format(' IN DATABASE %I', current_database()) END END || format(' RESET %s;', name)
    FROM pg_db_role_setting s LEFT JOIN holder h ON h.role = s.setrole,
         unnest(s.setconfig) AS item, split_part(item, '=', 1) AS name
    WHERE (h.role IS NOT NULL OR s.setrole = 0)
    AND (s.setdatabase = 0 OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (name IN ('role', 'session_replication_role') OR (
        strpos(name, '.') > 0 AND split_part(name, '.', 1) NOT IN ('auto_explain', 'pgaudit', 'pg_stat_statements')
        AND split_part(name, '.', 1) NOT IN (SELECT extname FROM pg_extension)
    ))
"""

RULES = (
    Rule(
        "role-bypasses-row-security",
        Severity.ERROR,
        "A login of the application that row security does not bind",
        "A superuser and a role with BYPASSRLS pass every policy, forced or not. BYPASSRLS is not inherited, but"
        " whoever is a member says SET ROLE, or `set_config('role', ...)` inside an injected expression.",
        query(_BYPASSES),
    ),
    Rule(
        "role-owns",
        Severity.ERROR,
        "A login of the application that owns what secures it",
        "The owner of a table switches its row security off, the owner of a function replaces it, the owner of a"
        " schema or database drops it: one injected statement, for all tenants.",
        query(_OWNS),
    ),
    Rule(
        "role-sees-all-tenants",
        Severity.ERROR,
        "A login of the application that may become a role across tenants",
        "Whoever is a member of two roles changes between them with SET ROLE, also from injected SQL. Support and"
        " back office log in by themselves, and with another password.",
        _two_sides,
    ),
    Rule(
        "role-powerful",
        Severity.ERROR,
        "A login of the application with power over the server",
        "Replication carries off all tenants. CREATEROLE and pg_execute_server_program lead to superuser,"
        " pg_read_all_data to every column that grants withhold, pg_monitor to the text of what others run.",
        query(_POWERFUL),
    ),
    Rule(
        "role-setting",
        Severity.WARNING,
        "A setting of policies that a role or database brings along",
        "A session that forgets its context is not empty then but somebody's. And a role may change its own settings:"
        " an injected `ALTER ROLE CURRENT_USER SET app.tenant = ...` is there for every later connection.",
        query(_SETTINGS),
    ),
)
