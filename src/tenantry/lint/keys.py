"""Rules about keys: PostgreSQL checks them past row security."""

from tenantry.lint.rule import Rule, Severity, query

_BETWEEN_TENANTS = """
    FROM pg_constraint k
    JOIN relation r ON r.oid = k.conrelid AND r.tenant IS NOT NULL
    JOIN relation o ON o.oid = k.confrelid AND o.tenant IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(c.here = r.tenant AND c.there = o.tenant), false) AS pairs_tenants,
               string_agg(quote_ident(h.attname), ', ' ORDER BY c.place) FILTER (WHERE c.here <> r.tenant) AS here,
               string_agg(quote_ident(t.attname), ', ' ORDER BY c.place) FILTER (WHERE c.there <> o.tenant) AS there
        FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS c (here, there, place)
        JOIN pg_attribute h ON h.attrelid = k.conrelid AND h.attnum = c.here
        JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = c.there
    ) c
    WHERE k.contype = 'f' AND k.conparentid = 0
"""
_CONSTRAINT = "format('constraint %I on %s', k.conname, r.name)"
# PostgreSQL 15 has SET NULL (columns); before, there is no such field
_EMPTIED = "coalesce(nullif(to_jsonb(k) -> 'confdelsetcols', 'null'), to_jsonb(k.conkey)) @> to_jsonb(r.tenant)"
# of PostgreSQL 18 on, a foreign key may be there for information only
_ENFORCED = "coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)"

_WITHOUT_TENANT = f"""
    SELECT {_CONSTRAINT}, format('lets a row point at another tenant''s row of %s', o.name),
           format('ALTER TABLE %s ADD UNIQUE (%I, %s); ', o.name, o.tenant_name, c.there)
           || format('ALTER TABLE %s DROP CONSTRAINT %I, ADD FOREIGN KEY (%I, %s) REFERENCES %s (%I, %s)%s;',
                     r.name, k.conname, r.tenant_name, c.here, o.name, o.tenant_name, c.there,
                     CASE k.confdeltype WHEN 'c' THEN ' ON DELETE CASCADE' WHEN 'r' THEN ' ON DELETE RESTRICT'
                     WHEN 'n' THEN format(' ON DELETE SET NULL (%s)', c.here)
                     WHEN 'd' THEN format(' ON DELETE SET DEFAULT (%s)', c.here) ELSE '' END)
    {_BETWEEN_TENANTS} AND NOT c.pairs_tenants
"""

_EMPTIES_TENANT = f"""
    SELECT {_CONSTRAINT}, format('takes %I from the row as well when what it points at goes', r.tenant_name), NULL
    {_BETWEEN_TENANTS} AND c.pairs_tenants
    AND ((k.confdeltype IN ('n', 'd') AND {_EMPTIED}) OR k.confupdtype IN ('n', 'd'))
"""

_NOT_VALIDATED = f"""
    SELECT {_CONSTRAINT}, CASE WHEN {_ENFORCED} THEN 'was never checked against the rows that are there'
           ELSE 'is not enforced' END,
           format('ALTER TABLE %s %s;', r.name, format(
               CASE WHEN {_ENFORCED} THEN 'VALIDATE CONSTRAINT %I' ELSE 'ALTER CONSTRAINT %I ENFORCED' END, k.conname
           ))
    {_BETWEEN_TENANTS} AND c.pairs_tenants AND NOT k.convalidated
"""

_UNINDEXED = """
    SELECT format('constraint %I on %s', k.conname, r.name), 'no index finds the rows that point at a deleted one',
           format('CREATE INDEX CONCURRENTLY ON %s (%s);', r.name, names.listed)
    FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid AND (r.key IS NOT NULL OR r.relrowsecurity)
    CROSS JOIN LATERAL (
        SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY c.place) AS listed
        FROM unnest(k.conkey) WITH ORDINALITY AS c (attnum, place)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = c.attnum
    ) names
    WHERE k.contype = 'f' AND k.conparentid = 0 AND NOT EXISTS (
        -- the columns of the key that lead the index, in whatever order, tell more than the tenant
        SELECT FROM pg_index i
        CROSS JOIN LATERAL (
            SELECT min(place) AS place FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS c (attnum, place)
            WHERE place > i.indnkeyatts OR c.attnum <> ALL (k.conkey)
        ) beyond
        CROSS JOIN LATERAL (
            SELECT bool_or(c.attnum IS DISTINCT FROM r.tenant) AS more, count(*) AS width
            FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS c (attnum, place)
            WHERE beyond.place IS NULL OR c.place < beyond.place
        ) led
        WHERE i.indrelid = k.conrelid
        -- it has all rows, or all that refer to something
        AND (i.indpred IS NULL OR EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
            AND pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)
        ))
        AND led.width > 0 AND (led.more OR k.conkey = ARRAY[r.tenant])
    )
"""

_UNIQUE = """
    FROM pg_index i
    JOIN pg_class n ON n.oid = i.indexrelid
    JOIN pg_am m ON m.oid = n.relam
    JOIN relation r ON r.oid = i.indrelid AND r.tenant IS NOT NULL
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.conrelid = r.oid AND k.contype IN ('p', 'u', 'x')
    CROSS JOIN LATERAL (
        -- an excluding key tells tenants apart only where it compares them for equality
        SELECT bool_or(c.attnum = r.tenant AND (k.contype IS DISTINCT FROM 'x' OR o.oprname = '=')) AS has_tenant
        FROM unnest(i.indkey::smallint[], k.conexclop) WITH ORDINALITY AS c (attnum, operator, place)
        LEFT JOIN pg_operator o ON o.oid = c.operator
        WHERE c.place <= i.indnkeyatts
    ) c
    WHERE (i.indisunique OR i.indisexclusion) AND NOT r.is_child AND NOT coalesce(c.has_tenant, false)
    AND coalesce(i.indexprs::text, '') !~ format('\\{VAR \\:varno \\d+ \\:varattno %s ', r.tenant)
"""
_REBUILT = """
    format('ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s;', r.name, k.conname, k.conname, overlay(
        pg_get_constraintdef(k.oid)
        PLACING format(CASE k.contype WHEN 'x' THEN '(%I WITH =, ' ELSE '(%I, ' END, r.tenant_name)
        FROM strpos(pg_get_constraintdef(k.oid), '(') FOR 1
    ))
"""

_UNIQUE_WITHOUT_TENANT = f"""
    SELECT CASE WHEN k.oid IS NULL THEN format('index %s', i.indexrelid::regclass)
           ELSE format('constraint %I on %s', k.conname, r.name) END,
           'is unique across tenants',
           CASE WHEN k.oid IS NOT NULL THEN {_REBUILT}
           ELSE format('DROP INDEX %s; %s;', i.indexrelid::regclass, overlay(
               pg_get_indexdef(i.indexrelid) PLACING format(' USING %s (%I, ', m.amname, r.tenant_name)
               FROM strpos(pg_get_indexdef(i.indexrelid), format(' USING %s (', m.amname))
               FOR length(format(' USING %s (', m.amname))
           )) END
    {_UNIQUE} AND NOT i.indisprimary
"""

_PRIMARY_WITHOUT_TENANT = f"""
    SELECT format('constraint %I on %s', k.conname, r.name), 'is unique across tenants', {_REBUILT}
    {_UNIQUE} AND i.indisprimary
"""

RULES = (
    Rule(
        "foreign-key-without-tenant",
        Severity.ERROR,
        "A foreign key between tenants' tables without the tenant",
        "Foreign keys are checked past row security. A tenant that guesses an id points at another's row, learns from"
        " the error whether it exists, and with ON DELETE CASCADE loses or deletes rows across tenants.",
        query(_WITHOUT_TENANT),
    ),
    Rule(
        "foreign-key-empties-tenant",
        Severity.ERROR,
        "A foreign key that empties the tenant's column",
        "ON DELETE SET NULL takes all columns of a composite key: the row is nobody's any more, or the DELETE fails."
        " Name the columns: ON DELETE SET NULL (x_id).",
        query(_EMPTIES_TENANT),
    ),
    Rule(
        "unique-key-without-tenant",
        Severity.ERROR,
        "A unique key across tenants",
        "A tenant inserts a value and learns from the error, or from ON CONFLICT DO NOTHING, whether any other has"
        " it: e-mail addresses, order numbers, domains. It can also take values that others then cannot have.",
        query(_UNIQUE_WITHOUT_TENANT),
    ),
    Rule(
        "primary-key-without-tenant",
        Severity.WARNING,
        "A primary key without the tenant",
        "Ids that are counted tell how many rows the others have, and an insert with a chosen id tells whether it is"
        " taken. Foreign keys that stay in the tenant need a key with it anyway.",
        query(_PRIMARY_WITHOUT_TENANT),
    ),
    Rule(
        "foreign-key-not-validated",
        Severity.WARNING,
        "A foreign key that was never checked",
        "Rows from before the key, or written while it was not enforced, may still point at another tenant's.",
        query(_NOT_VALIDATED),
    ),
    Rule(
        "foreign-key-unindexed",
        Severity.WARNING,
        "A foreign key that no index serves",
        "Whoever deletes a row has PostgreSQL read all rows of all tenants in the other table, locks held. A tenant"
        " that deletes a thousand rows stops everybody.",
        query(_UNINDEXED),
    ),
)
