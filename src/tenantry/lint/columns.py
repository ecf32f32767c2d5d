"""Rules about columns: the one that says whose a row is, and those that hold secrets."""

from tenantry.lint.rule import Rule, Severity, query

_TENANT_TABLE = "r.tenant IS NOT NULL AND r.relkind IN ('r', 'p')"
_COLUMN = "format('column %s.%I', r.name, r.tenant_name)"

# of PostgreSQL 18 on, NOT NULL can be declared without a look at the rows that are there
_NULLABLE = f"""
    SELECT {_COLUMN}, 'may be null', format('ALTER TABLE %s ALTER COLUMN %I SET NOT NULL;', r.name, r.tenant_name)
    FROM relation r WHERE {_TENANT_TABLE} AND NOT r.is_child AND NOT r.tenant_not_null
    UNION ALL
    SELECT {_COLUMN}, 'is NOT NULL for new rows only',
           format('ALTER TABLE %s VALIDATE CONSTRAINT %I;', r.name, k.conname)
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype = 'n' AND k.conkey = ARRAY[r.tenant]
    WHERE {_TENANT_TABLE} AND NOT r.is_child AND NOT k.convalidated
"""

_UNINDEXED = f"""
    SELECT {_COLUMN}, 'leads no index',
           format('CREATE INDEX CONCURRENTLY ON %s (%I);', r.name, r.tenant_name)
    FROM relation r WHERE {_TENANT_TABLE} AND NOT r.is_child AND NOT EXISTS (
        SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam
        WHERE i.indrelid = r.oid AND i.indkey[0] = r.tenant AND i.indpred IS NULL AND m.amname <> 'brin'
        AND (i.indisvalid OR c.relkind = 'I')
    )
"""

_UPDATABLE = f"""
    SELECT {_COLUMN}, string_agg(DISTINCT p.grantee::regrole::text, ', ') || ' may update it', string_agg(
               DISTINCT CASE WHEN p.attnum IS NULL
               THEN format('REVOKE UPDATE ON TABLE %s FROM %s; GRANT UPDATE (%s) ON TABLE %s TO %s;', r.name,
                           p.grantee::regrole, others.names, r.name, p.grantee::regrole)
               ELSE format('REVOKE UPDATE (%I) ON TABLE %s FROM %s;', r.tenant_name, r.name, p.grantee::regrole)
               END, ' ')
    FROM relation r
    JOIN privilege p ON p.relation = r.oid AND p.privilege_type = 'UPDATE' AND (p.attnum IS NULL OR p.attnum = r.tenant)
    JOIN acting a ON a.role = p.grantee AND a.role <> 0
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_ident(o.attname), ', ' ORDER BY o.attnum) AS names FROM pg_attribute o
        WHERE o.attrelid = r.oid AND o.attnum > 0 AND NOT o.attisdropped AND o.attnum <> r.tenant
    ) others
    WHERE {_TENANT_TABLE}
    GROUP BY r.name, r.tenant_name
"""

_DEFAULT_TENANT = rf"""
    SELECT {_COLUMN}, format('is %s where nobody says otherwise', pg_get_expr(d.adbin, d.adrelid)),
           format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT;', r.name, r.tenant_name)
    FROM relation r JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = r.tenant
    WHERE {_TENANT_TABLE} AND NOT r.is_child
    AND d.adbin::text !~ '\{{(FUNCEXPR|SQLVALUEFUNCTION|NEXTVALUEEXPR)' AND d.adbin::text !~ '\:constisnull true'
"""

_READABLE = r"""
    SELECT format('column %s.%I', r.name, t.attname),
           string_agg(DISTINCT p.grantee::regrole::text, ', ') || ' may read it', NULL
    FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attnum > 0 AND NOT t.attisdropped
    JOIN privilege p ON p.relation = r.oid AND p.privilege_type = 'SELECT' AND (p.attnum IS NULL OR p.attnum = t.attnum)
    JOIN acting a ON a.role = p.grantee AND a.role <> 0
    WHERE r.relkind IN ('r', 'p')
    AND t.atttypid IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype, 'bytea'::regtype)
    -- what is encrypted, or the hash of something long and random, is of no use to a thief
    AND t.attname ~* '(^|_)(password|passwd|pwd)(_hash|_digest|_encrypted)?$|(^|_)(secret|private_key|totp_seed)$'
                     '|(^|_)(api|access|refresh|auth|session|signing|encryption|reset)_?(key|token)$'
    GROUP BY r.name, t.attname
"""

RULES = (
    Rule(
        "tenant-column-nullable",
        Severity.ERROR,
        "A tenant's column that may be null",
        "A foreign key of several columns is not checked where one of them is null, so such a row points anywhere."
        " And it is either lost to its tenant or, by a policy meant well, everybody's.",
        query(_NULLABLE),
    ),
    Rule(
        "tenant-column-updatable",
        Severity.WARNING,
        "The application may change whose a row is",
        "One policy whose WITH CHECK is weaker than its USING, and an UPDATE hands rows to another tenant: orders,"
        " invoices, API keys planted where they are trusted. Nothing needs this privilege.",
        query(_UPDATABLE),
    ),
    Rule(
        "tenant-column-default",
        Severity.WARNING,
        "A fixed tenant as default",
        "Code that forgets its tenant does not fail: its rows land in the default tenant, where somebody else reads"
        " them.",
        query(_DEFAULT_TENANT),
    ),
    Rule(
        "tenant-column-unindexed",
        Severity.WARNING,
        "A tenant's column that leads no index",
        "Each query of each tenant reads the rows of all. One tenant with many rows, or one that asks often, slows"
        " all others down.",
        query(_UNINDEXED),
    ),
    Rule(
        "secret-readable",
        Severity.NOTE,
        "A column with a secret that the application may read",
        "An injected SELECT carries off the passwords, or their hashes to be guessed at leisure, tokens and keys of"
        " the whole tenant. Grant SELECT by column, and compare secrets in a function.",
        query(_READABLE),
    ),
)
