"""Generated columns, and what goes with them when they go."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import GeneratedColumn
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect.scope import Scope

_GENERATED = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
           pg_get_expr(d.adbin, d.adrelid) AS expression, a.attgenerated = 's' AS stored, a.attnotnull,
           col_description(c.oid, a.attnum) AS comment
    FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND a.attgenerated <> '' AND NOT c.relispartition AND a.attislocal
"""

# An index of a constraint comes with it, and what a partition has from its table comes with that.
_BELONGINGS = """
    WITH wanted AS (
        SELECT n.nspname, c.oid, c.relname, a.attname, a.attnum
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(:schemas) AND c.relname = ANY(:tables) AND a.attname = ANY(:columns)
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    )
    SELECT DISTINCT w.nspname, w.relname, w.attname, 1 AS place, i.relname AS name, pg_get_indexdef(i.oid) AS made_by
    FROM wanted w JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.oid
     AND d.refobjsubid = w.attnum AND d.classid = 'pg_class'::regclass
    JOIN pg_index x ON x.indexrelid = d.objid JOIN pg_class i ON i.oid = x.indexrelid
    UNION ALL
    SELECT w.nspname, w.relname, w.attname, 2, k.conname,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', w.oid::regclass, k.conname, pg_get_constraintdef(k.oid))
    FROM wanted w JOIN pg_constraint k ON k.conrelid = w.oid AND w.attnum = ANY(k.conkey) AND k.contype <> 'n'
    ORDER BY 4, 5
"""


@dataclass(frozen=True)
class Belonging:
    """What goes with a column.

    :param column: the column, as identities write it.
    :param identity: what tells it from other indexes or constraints.
    """

    column: str
    identity: str
    made_by: str


def inspect_generated_columns(connection: Connection, scope: Scope) -> Iterator[GeneratedColumn]:
    """All generated columns; those of partitions are their table's."""
    for row in scope.rows(connection, _GENERATED):
        yield GeneratedColumn(
            row.relname,
            row.attname,
            row.type,
            row.expression,
            schema=scope.schema(row.nspname),
            stored=row.stored,
            not_null=row.attnotnull,
            comment=row.comment,
        )


def inspect_belongings(connection: Connection, scope: Scope, columns: list[GeneratedColumn]) -> Iterator[Belonging]:
    """What goes with each of the columns, in the order in which it can come back."""
    names = {"tables": [item.table for item in columns], "columns": [item.column for item in columns]}
    for row in scope.rows(connection, _BELONGINGS, **names):
        table = dotted(scope.schema(row.nspname), row.relname)
        yield Belonging(f"{table}.{row.attname}", f"{table}.{row.name}", row.made_by)


QUERIES: Final = (_GENERATED,)
