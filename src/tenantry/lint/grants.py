"""Rules about privileges: what nobody should be granted."""

from tenantry.lint.rule import Rule, Severity, query

_KIND = """CASE r.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
    WHEN 'f' THEN 'foreign table' ELSE 'table' END"""
_PAST_ROW_SECURITY = "('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')"
_GRANTEE = "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END"

_TO_PUBLIC = f"""
    SELECT {_KIND} || ' ' || r.name, 'PUBLIC may ' || string_agg(DISTINCT p.privilege_type, ', '),
           format('REVOKE ALL ON %s %s FROM PUBLIC;', CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name)
    FROM privilege p JOIN relation r ON r.oid = p.relation WHERE p.grantee = 0
    GROUP BY r.relkind, r.name
"""

_BEYOND_ROWS = f"""
    SELECT 'table ' || r.name, format('%s may %s', p.grantee::regrole, string_agg(DISTINCT p.privilege_type, ', ')),
           format('REVOKE %s ON TABLE %s FROM %s;', string_agg(DISTINCT p.privilege_type, ', '), r.name,
                  p.grantee::regrole)
    FROM privilege p JOIN relation r ON r.oid = p.relation JOIN acting a ON a.role = p.grantee
    WHERE p.grantee <> 0 AND p.privilege_type IN {_PAST_ROW_SECURITY}
    AND r.relkind IN ('r', 'p') AND (r.key IS NOT NULL OR r.relrowsecurity)
    GROUP BY r.name, p.grantee
"""

_GRANTABLE = f"""
    SELECT {_KIND} || ' ' || r.name, format('%s may grant %s on', p.grantee::regrole,
           string_agg(DISTINCT p.privilege_type, ', ')),
           format('REVOKE GRANT OPTION FOR ALL ON %s %s FROM %s;',
                  CASE r.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, r.name, p.grantee::regrole)
    FROM privilege p JOIN relation r ON r.oid = p.relation JOIN acting a ON a.role = p.grantee
    WHERE p.is_grantable AND p.grantee <> 0
    GROUP BY r.relkind, r.name, p.grantee
"""

_SEQUENCE = """
    SELECT 'sequence ' || r.name, format('%s may %s', p.grantee::regrole, string_agg(
               CASE p.privilege_type WHEN 'SELECT' THEN 'read how far it is' ELSE 'set it' END, ' and '
               ORDER BY p.privilege_type)),
           format('REVOKE SELECT, UPDATE ON SEQUENCE %s FROM %s;', r.name, p.grantee::regrole)
    FROM privilege p JOIN relation r ON r.oid = p.relation JOIN acting a ON a.role = p.grantee
    WHERE r.relkind = 'S' AND p.grantee <> 0 AND p.privilege_type IN ('SELECT', 'UPDATE')
    GROUP BY r.name, p.grantee
"""

_CREATE = f"""
    SELECT format('schema %I', s.nspname), {_GRANTEE} || ' may create objects in it',
           format('REVOKE CREATE ON SCHEMA %I FROM %s;', s.nspname, {_GRANTEE})
    FROM schema s, aclexplode(s.nspacl) a
    WHERE a.privilege_type = 'CREATE' AND a.grantee <> s.nspowner AND a.grantee IN (SELECT role FROM acting)
"""

_TEMPORARY = f"""
    SELECT format('database %I', d.datname), {_GRANTEE} || ' may make temporary tables',
           format('REVOKE TEMPORARY ON DATABASE %I FROM %s;', d.datname, {_GRANTEE})
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.privilege_type = 'TEMPORARY' AND a.grantee <> d.datdba
    AND a.grantee IN (SELECT role FROM acting)
"""

_DEFAULT = f"""
    SELECT format('default privileges of %s%s', d.defaclrole::regrole, ' in schema ' || quote_ident(s.nspname)),
           format('%s will be granted %s on each new %s', {_GRANTEE}, string_agg(a.privilege_type, ', '),
                  CASE d.defaclobjtype WHEN 'S' THEN 'sequence' ELSE 'table' END),
           format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE %s ON %s FROM %s;', d.defaclrole::regrole,
                  ' IN SCHEMA ' || quote_ident(s.nspname), string_agg(a.privilege_type, ', '),
                  CASE d.defaclobjtype WHEN 'S' THEN 'SEQUENCES' ELSE 'TABLES' END, {_GRANTEE})
    FROM pg_default_acl d LEFT JOIN schema s ON s.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
    WHERE d.defaclobjtype IN ('r', 'S') AND (d.defaclnamespace = 0 OR s.oid IS NOT NULL)
    AND (a.grantee = 0 OR (a.privilege_type IN {_PAST_ROW_SECURITY} AND a.grantee IN (SELECT role FROM acting)
                           AND a.grantee <> d.defaclrole))
    GROUP BY d.defaclrole, s.nspname, d.defaclobjtype, a.grantee
"""

RULES = (
    Rule(
        "grant-to-public",
        Severity.ERROR,
        "A privilege of PUBLIC",
        "PUBLIC is every login of the server, also those of other applications, of monitoring and of people who left."
        " Grant to roles by name.",
        query(_TO_PUBLIC),
    ),
    Rule(
        "grant-past-row-security",
        Severity.ERROR,
        "A privilege that row security does not limit",
        "TRUNCATE empties the table for all tenants. REFERENCES finds out which values exist. TRIGGER runs one's own"
        " code whenever another tenant writes. MAINTAIN locks everybody out. All come with GRANT ALL.",
        query(_BEYOND_ROWS),
    ),
    Rule(
        "grant-grantable",
        Severity.WARNING,
        "A privilege that the application may pass on",
        "Injected SQL grants the table to PUBLIC, or to a login that the attacker has already, and that stays when"
        " the injection is mended.",
        query(_GRANTABLE),
    ),
    Rule(
        "schema-open",
        Severity.ERROR,
        "A schema in which the application may create objects",
        "A table, function or operator made there is found in place of the one that was meant by whoever has the"
        " schema on his search_path: functions of the owner, migrations, a superuser with psql.",
        query(_CREATE),
    ),
    Rule(
        "database-temporary",
        Severity.WARNING,
        "The application may make temporary tables",
        "pg_temp is searched before all other schemas: a temporary table stands in for a real one, in functions that"
        " do not say otherwise, and stays on a pooled connection for the next tenant. PUBLIC has the privilege by"
        " default.",
        query(_TEMPORARY),
    ),
    Rule(
        "default-privileges-open",
        Severity.WARNING,
        "Default privileges that open each new table",
        "The next migration makes a table that everybody may read, or the application may truncate, and nothing in"
        " the migration says so.",
        query(_DEFAULT),
    ),
    Rule(
        "sequence-open",
        Severity.NOTE,
        "A sequence that the application may read or set",
        "Its value tells how much all tenants write together. Who sets it back makes all inserts fail. Inserting"
        " needs USAGE alone, and an identity column not even that.",
        query(_SEQUENCE),
    ),
)
