"""Identity columns, and serials."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import Identity, NumberedColumn, Serial
from tenantry.autogenerate.inspect.scope import Scope

_NUMBERED = """
    SELECT n.nspname, c.relname, a.attname, a.attidentity, q.relname AS sequence, format_type(s.seqtypid, NULL) AS type,
           s.seqincrement, s.seqstart, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
    FROM pg_sequence s JOIN pg_class q ON q.oid = s.seqrelid
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = q.oid AND d.refclassid = 'pg_class'::regclass
     AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND NOT c.relispartition
      AND (a.attidentity <> '' OR a.atthasdef AND q.relnamespace = c.relnamespace)
"""


def inspect_numbered_columns(connection: Connection, scope: Scope) -> Iterator[NumberedColumn]:
    """All columns that number their rows, with a sequence of their own."""
    for row in scope.rows(connection, _NUMBERED):
        schema = scope.schema(row.nspname)
        if not row.attidentity:
            yield Serial(row.relname, row.attname, schema=schema, sequence=row.sequence, data_type=row.type)
        else:
            yield Identity(
                row.relname,
                row.attname,
                schema=schema,
                always=row.attidentity == "a",
                increment=row.seqincrement,
                start=row.seqstart,
                minvalue=row.seqmin,
                maxvalue=row.seqmax,
                cache=row.seqcache,
                cycle=row.seqcycle,
            ).without_defaults_of(row.type)


QUERIES: Final = (_NUMBERED,)
