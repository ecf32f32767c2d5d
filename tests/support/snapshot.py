"""What a schema is, straight from PostgreSQL's catalogue and independent of the code under test."""

from sqlalchemy import Connection, text

_SNAPSHOT = r"""
WITH mine AS (
    SELECT oid, nspname FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relation AS (
    SELECT c.*, m.nspname FROM pg_class c JOIN mine m ON m.oid = c.relnamespace
    WHERE c.relname NOT IN ('tenantry_ledger', 'alembic_version', 'tenantry_ledger_pkey', 'alembic_version_pkc')
)
SELECT format('schema %s acl=%s comment=%s owner=%s', n.nspname, (SELECT array_agg(a::text ORDER BY a::text)
              FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) a), obj_description(n.oid, 'pg_namespace'),
              pg_get_userbyid(n.nspowner))
FROM pg_namespace n JOIN mine m ON m.oid = n.oid
UNION ALL
SELECT format('role %I login=%s bypass_rls=%s others=%s settings=%s here=%s member_of=%s comment=%s', r.rolname,
              r.rolcanlogin,
              r.rolbypassrls, ARRAY[r.rolcreatedb::int, r.rolcreaterole::int, r.rolinherit::int, r.rolreplication::int,
                                    r.rolconnlimit],
              (SELECT array_agg(value ORDER BY value) FROM pg_db_role_setting s, unnest(s.setconfig) AS value
               WHERE s.setrole = r.oid AND s.setdatabase = 0),
              (SELECT array_agg(value ORDER BY value) FROM pg_db_role_setting s, unnest(s.setconfig) AS value
               WHERE s.setrole = r.oid AND s.setdatabase <> 0),
              (SELECT array_agg(m.roleid::regrole || ' ' || (to_jsonb(m) - '{oid,roleid,member,grantor}'::text[])
                                ORDER BY m.roleid::regrole::text)
               FROM pg_auth_members m WHERE m.member = r.oid), shobj_description(r.oid, 'pg_authid'))
FROM pg_roles r WHERE r.rolname LIKE 'case\_%'
UNION ALL
SELECT format('relation %I.%I %s rls=%s force=%s options=%s acl=%s comment=%s owner=%s', nspname, relname, relkind,
              relrowsecurity, relforcerowsecurity, reloptions,
              (SELECT array_agg(a::text ORDER BY a::text)
               FROM unnest(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, relowner)))
               a),
              obj_description(oid, 'pg_class'), pg_get_userbyid(relowner))
FROM relation WHERE relkind <> 'i'
UNION ALL
SELECT format('column %I.%I.%I %s %s default=%s generated=%s identity=%s acl=%s comment=%s', r.nspname,
              r.relname, a.attname,
              format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated,
              a.attidentity,
              (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(a.attacl) x), col_description(r.oid, a.attnum))
FROM pg_attribute a JOIN relation r ON r.oid = a.attrelid
LEFT JOIN pg_attrdef d ON d.adrelid = r.oid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND r.relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT format('partition %I.%I of=%s %s by=%s', r.nspname, r.relname, i.inhparent::regclass,
              pg_get_expr(r.relpartbound, r.oid), pg_get_partkeydef(r.oid))
FROM relation r LEFT JOIN pg_inherits i ON i.inhrelid = r.oid
WHERE r.relkind = 'p' OR r.relispartition AND r.relkind = 'r'
UNION ALL
SELECT format('constraint %I.%I.%I %s comment=%s', r.nspname, r.relname, k.conname, pg_get_constraintdef(k.oid),
              obj_description(k.oid, 'pg_constraint'))
FROM pg_constraint k JOIN relation r ON r.oid = k.conrelid
UNION ALL
SELECT format('index %s comment=%s', pg_get_indexdef(i.indexrelid), obj_description(i.indexrelid, 'pg_class'))
FROM pg_index i JOIN relation r ON r.oid = i.indrelid
UNION ALL
SELECT format('policy %I.%I.%I %s %s to=%s using=%s check=%s comment=%s', r.nspname, r.relname, p.polname, p.polcmd,
              p.polpermissive, (SELECT array_agg(u::regrole::text ORDER BY u::regrole::text) FROM unnest(p.polroles) u),
              pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
              obj_description(p.oid, 'pg_policy'))
FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
UNION ALL
SELECT format('trigger %s comment=%s enabled=%s', pg_get_triggerdef(t.oid), obj_description(t.oid, 'pg_trigger'),
              t.tgenabled)
FROM pg_trigger t JOIN relation r ON r.oid = t.tgrelid WHERE NOT t.tgisinternal
UNION ALL
SELECT format('view %I.%I %s', r.nspname, r.relname, pg_get_viewdef(r.oid))
FROM relation r WHERE r.relkind IN ('v', 'm')
UNION ALL
SELECT format('routine %s owner=%s acl=%s comment=%s', pg_get_functiondef(p.oid), pg_get_userbyid(p.proowner),
              (SELECT array_agg(a::text ORDER BY a::text)
               FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a), obj_description(p.oid, 'pg_proc'))
FROM pg_proc p JOIN mine m ON m.oid = p.pronamespace WHERE p.prokind IN ('f', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = p.oid AND e.deptype = 'e')
UNION ALL
SELECT format('event trigger %I %s %s %s %s comment=%s', evtname, evtevent, evttags, evtenabled, evtfoid::regprocedure,
              obj_description(oid, 'pg_event_trigger'))
FROM pg_event_trigger
UNION ALL
SELECT format('default privileges %s %s of %s acl=%s', d.defaclobjtype, d.defaclnamespace::regnamespace,
              pg_get_userbyid(d.defaclrole), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(d.defaclacl) a))
FROM pg_default_acl d
UNION ALL
SELECT format('rule %s', pg_get_ruledef(w.oid)) FROM pg_rewrite w JOIN relation r ON r.oid = w.ev_class
WHERE w.rulename <> '_RETURN'
UNION ALL
SELECT format('statistics %s', pg_get_statisticsobjdef(s.oid)) FROM pg_statistic_ext s
UNION ALL
SELECT format('publication %s %s %s %s', p.pubname, m.prrelid::regclass, m.prattrs, pg_get_expr(m.prqual, m.prrelid))
FROM pg_publication_rel m JOIN pg_publication p ON p.oid = m.prpubid
UNION ALL
SELECT format('extension %I %s %s comment=%s', extname, extnamespace::regnamespace, extversion,
              obj_description(oid, 'pg_extension'))
FROM pg_extension
UNION ALL
SELECT format('type %s %s %s acl=%s comment=%s owner=%s', t.oid::regtype, t.typtype,
              CASE t.typtype
              WHEN 'e' THEN (SELECT string_agg(quote_literal(e.enumlabel), ' ' ORDER BY e.enumsortorder)
                             FROM pg_enum e WHERE e.enumtypid = t.oid)
              WHEN 'c' THEN (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', '
                                               ORDER BY a.attnum)
                             FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped)
              ELSE format('%s %s %s %s %s', format_type(t.typbasetype, t.typtypmod), t.typcollation::regcollation,
                          t.typnotnull, pg_get_expr(t.typdefaultbin, 0),
                          (SELECT array_agg(format('%I %s', k.conname, pg_get_constraintdef(k.oid)) ORDER BY k.conname)
                           FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')) END,
              (SELECT array_agg(a::text ORDER BY a::text)
               FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) a),
              obj_description(t.oid, 'pg_type'), pg_get_userbyid(t.typowner))
FROM pg_type t JOIN mine m ON m.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') OR (t.typtype = 'c' AND EXISTS (
    SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))
UNION ALL
SELECT format('sequence %s %s %s', s.seqrelid::regclass, to_jsonb(s) - '{seqrelid,seqtypid}'::text[],
              s.seqtypid::regtype)
FROM pg_sequence s JOIN relation r ON r.oid = s.seqrelid
"""


_LEDGER = "tenantry_ledger"


def snapshot(connection: Connection, *tables: str) -> list[str]:
    """The schema, the roles that cases make, and the rows of the given tables and the ledger, as sorted lines."""
    lines = [line for (line,) in connection.execute(text(_SNAPSHOT.replace(":", r"\:")))]
    for table in (_LEDGER, *tables):
        exists = connection.execute(text("SELECT to_regclass(:table) IS NOT NULL"), {"table": table}).scalar()
        if exists:
            rows = connection.exec_driver_sql(f"SELECT to_jsonb(t)::text FROM {table} t")
            lines += [f"row of {table}: {row}" for (row,) in rows]
    return sorted(lines)
