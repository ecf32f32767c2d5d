"""What the current role may do with which column of which table, asked once a role."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from sqlalchemy import Engine, text

_QUERY = text("""
SELECT nspname, relname, privilege, array_agg(attname::text ORDER BY attnum) AS columns
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
CROSS JOIN unnest(ARRAY['select', 'insert', 'update', 'references']) AS asked (privilege)
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')
    AND has_column_privilege(pg_class.oid, attnum, privilege)
GROUP BY nspname, relname, privilege
UNION ALL
SELECT nspname, relname, privilege, '{}'
FROM pg_class
JOIN pg_namespace ON pg_namespace.oid = relnamespace
CROSS JOIN unnest(ARRAY['delete', 'truncate', 'trigger']) AS asked (privilege)
WHERE relkind IN ('r', 'p') AND nspname NOT IN ('pg_catalog', 'information_schema')
    AND has_table_privilege(pg_class.oid, privilege)
""")

Privileges = Mapping[str, list[str]]


@cache
def privileges(engine: Engine) -> Mapping[str, Privileges]:
    """By table, the privileges that the engine's login has, each with the columns it has them on."""
    found: dict[str, dict[str, list[str]]] = {}
    with engine.connect() as connection:
        for schema, table, privilege, columns in connection.execute(_QUERY):
            key = table if schema == "public" else f"{schema}.{table}"
            found.setdefault(key, {})[privilege] = columns
    return found


def held(engine: Engine, table: str) -> Privileges:
    """Those that the engine's login has on a table, by the key that it has in its metadata."""
    return privileges(engine).get(table, MappingProxyType({}))
