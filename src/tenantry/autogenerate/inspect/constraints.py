"""CHECK and EXCLUDE constraints, and indexes."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import Constraint, Index, ViewIndex
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_CONSTRAINTS = f"""
    SELECT n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid) AS definition,
           obj_description(k.oid, 'pg_constraint') AS comment
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND k.contype IN ('c', 'x') AND k.conislocal AND k.conparentid = 0
      AND NOT c.relispartition
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
"""

# What follows the table's name begins with USING, which no quoted name can forge: a space stands before it.
_INDEXES = f"""
    SELECT n.nspname, c.relname, c.relkind, i.relname AS name, x.indisunique,
           substr(d.text, strpos(d.text, ' USING ' || m.amname) + 1) AS definition,
           obj_description(i.oid, 'pg_class') AS comment
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
    JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
         LATERAL (SELECT pg_get_indexdef(i.oid) AS text) d
    WHERE n.nspname = ANY(:schemas) AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
"""


def inspect_constraints(connection: Connection, scope: Scope) -> Iterator[Constraint]:
    """All CHECK and EXCLUDE constraints of tables; what partitions inherit is their parent's."""
    for row in scope.rows(connection, _CONSTRAINTS):
        schema = scope.schema(row.nspname)
        yield Constraint(row.relname, row.conname, row.definition, schema=schema, comment=row.comment)


def inspect_indexes(connection: Connection, scope: Scope) -> Iterator[Index]:
    """All indexes that are not there for a constraint."""
    for row in scope.rows(connection, _INDEXES):
        yield (ViewIndex if row.relkind == "m" else Index)(
            row.relname,
            row.name,
            row.definition,
            schema=scope.schema(row.nspname),
            unique=row.indisunique,
            comment=row.comment,
        )


QUERIES: Final = (_CONSTRAINTS, _INDEXES)
