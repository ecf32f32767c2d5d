"""Rules about functions and procedures: what runs with rights that its caller does not have."""

import re
from collections.abc import Iterator

from tenantry.lint.database import Database
from tenantry.lint.rule import Found, Rule, Severity, query

_ROUTINES = """
    FROM pg_proc f
    JOIN schema s ON s.oid = f.pronamespace
    JOIN pg_language l ON l.oid = f.prolang
    JOIN pg_roles owner ON owner.oid = f.proowner
    WHERE NOT EXISTS (
        SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = f.oid AND e.deptype = 'e'
    )
"""
_CALLED = "'function ' || f.oid::regprocedure"
_EXECUTABLE_BY = """EXISTS (
    SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
    WHERE a.grantee <> f.proowner AND a.privilege_type = 'EXECUTE' AND {}
)"""
_BY_PUBLIC = _EXECUTABLE_BY.format("a.grantee = 0")
_BY_APPLICATION = _EXECUTABLE_BY.format("a.grantee IN (SELECT role FROM acting)")

# a body that PostgreSQL parsed when it was made (BEGIN ATOMIC) looks nothing up any more
_DEFINERS = f"""
    SELECT f.oid::regprocedure::text AS signature, quote_ident(s.nspname) AS own_schema, (
        SELECT substr(c, length('search_path=') + 1) FROM unnest(f.proconfig) c WHERE c LIKE 'search\\_path=%'
    ) AS path, ARRAY(
        SELECT n.nspname FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE a.privilege_type = 'CREATE' AND a.grantee IN (SELECT role FROM acting) AND a.grantee <> n.nspowner
    ) AS open_schemas
    {_ROUTINES} AND f.prosecdef AND f.prosqlbody IS NULL AND l.lanname NOT IN ('internal', 'c')
"""
_LISTED = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


def _search_path(database: Database) -> Iterator[Found]:
    for row in database.rows(_DEFINERS):
        flaw = _flaw(row.path, set(row.open_schemas))
        if flaw:
            fix = f"ALTER ROUTINE {row.signature} SET search_path = pg_catalog, {row.own_schema}, pg_temp;"
            yield Found(f"function {row.signature}", flaw, fix)


def _flaw(path: str | None, open_schemas: set[str]) -> str | None:
    if path is None:
        return "runs with its owner's rights on whatever the caller's search_path finds"
    names = [quoted.replace('""', '"') or plain for quoted, plain in _LISTED.findall(path)]
    schemas = [name for name in names if name]
    if "$user" in schemas:
        return "searches a schema that is called as the caller is"
    if schemas and schemas[-1] != "pg_temp":
        return "finds the caller's temporary tables before all others: pg_temp is not the last of its search_path"
    planted = sorted(open_schemas & set(schemas))
    return f"searches {', '.join(planted)}, where the caller may create objects" if planted else None


_PUBLIC_EXECUTE = f"""
    SELECT {_CALLED}, CASE WHEN f.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
           THEN 'anybody may make it the trigger of a table of his own, where it runs with the rights of '
           ELSE 'anybody may execute it with the rights of ' END || quote_ident(owner.rolname),
           format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC;', f.oid::regprocedure)
    {_ROUTINES} AND f.prosecdef AND {_BY_PUBLIC}
"""

_PAST_ROW_SECURITY = f"""
    SELECT {_CALLED}, format('runs as %I, whom no row security binds', owner.rolname), NULL
    {_ROUTINES} AND f.prosecdef AND (owner.rolsuper OR owner.rolbypassrls) AND {_BY_APPLICATION}
"""

_LEAKPROOF = f"""
    SELECT {_CALLED}, 'is LEAKPROOF, so it sees rows before the policies have taken out those of others',
           format('ALTER FUNCTION %s NOT LEAKPROOF;', f.oid::regprocedure)
    {_ROUTINES} AND f.proleakproof AND {_BY_APPLICATION}
"""

RULES = (
    Rule(
        "definer-search-path",
        Severity.ERROR,
        "A SECURITY DEFINER function that the caller can mislead",
        "The caller makes a table or function of a name that the function uses, in a schema of his own or in pg_temp,"
        " which is searched first unless it is named last. The function then runs it with its owner's rights.",
        _search_path,
    ),
    Rule(
        "definer-public-execute",
        Severity.ERROR,
        "A SECURITY DEFINER function that PUBLIC may execute",
        "EXECUTE goes to PUBLIC by default. Every login of the server, also of other applications, does with it what"
        " its owner may.",
        query(_PUBLIC_EXECUTE),
    ),
    Rule(
        "definer-past-row-security",
        Severity.WARNING,
        "A SECURITY DEFINER function of an owner whom row security does not bind",
        "Inside, no policy holds: one argument that is not checked, and the function reads or writes for another"
        " tenant.",
        query(_PAST_ROW_SECURITY),
    ),
    Rule(
        "function-leakproof",
        Severity.WARNING,
        "A LEAKPROOF function of somebody's own",
        "PostgreSQL may call it on rows that the policies are about to take out. An error message, a notice or the"
        " time it takes tells what is in them.",
        query(_LEAKPROOF),
    ),
)
