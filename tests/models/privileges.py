"""What the current role may do with which column of which table, asked once a role."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from sqlalchemy import Engine, text

QUERY = text("""
SELECT relname, privilege, array_agg(attname::text ORDER BY attnum) AS columns
FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
CROSS JOIN unnest(ARRAY['select', 'insert', 'update', 'references']) AS asked (privilege)
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    AND has_column_privilege(pg_class.oid, attnum, privilege)
GROUP BY relname, privilege
UNION ALL
SELECT relname, privilege, '{}'
FROM pg_class CROSS JOIN unnest(ARRAY['delete', 'truncate', 'trigger']) AS asked (privilege)
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(pg_class.oid, privilege)
""")

Privileges = Mapping[str, list[str]]


@cache
def privileges(engine: Engine) -> Mapping[str, Privileges]:
    """By table, the privileges that the engine's login has, each with the columns it has them on."""
    found: dict[str, dict[str, list[str]]] = {}
    with engine.connect() as connection:
        for table, privilege, columns in connection.execute(QUERY):
            found.setdefault(table, {})[privilege] = columns
    return found


def held(engine: Engine, table: str) -> Privileges:
    return privileges(engine).get(table, MappingProxyType({}))
