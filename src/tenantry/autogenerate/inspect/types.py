"""Types with a name, sequences and schemas."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import CompositeType, Domain, Enum, Schema, Sequence
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_TYPES = f"""
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = ANY(:schemas) AND {NOT_OF_EXTENSION.format("'pg_type'::regclass", "t.oid")}
"""

_ENUMS = f"""
    SELECT n.nspname, t.typname, obj_description(t.oid, 'pg_type') AS comment,
           NOT has_type_privilege('public', t.oid, 'USAGE') AS closed,
           ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
    {_TYPES} AND t.typtype = 'e'
"""

_DOMAINS = f"""
    SELECT n.nspname, t.typname, obj_description(t.oid, 'pg_type') AS comment,
           NOT has_type_privilege('public', t.oid, 'USAGE') AS closed,
           format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull, pg_get_expr(t.typdefaultbin, 0) AS "default",
           (SELECT CASE WHEN pg_collation_is_visible(c.oid) THEN quote_ident(c.collname)
                        ELSE format('%I.%I', c.collnamespace::regnamespace::text, c.collname) END
            FROM pg_collation c JOIN pg_type b ON b.oid = t.typbasetype
            WHERE c.oid = t.typcollation AND b.typcollation <> c.oid) AS collation,
           ARRAY(SELECT ARRAY[k.conname::text, pg_get_constraintdef(k.oid)] FROM pg_constraint k
                 WHERE k.contypid = t.oid AND k.contype = 'c' ORDER BY k.conname) AS checks
    {_TYPES} AND t.typtype = 'd'
"""

_COMPOSITE_TYPES = f"""
    SELECT n.nspname, t.typname, obj_description(t.oid, 'pg_type') AS comment,
           NOT has_type_privilege('public', t.oid, 'USAGE') AS closed,
           ARRAY(SELECT ARRAY[a.attname::text, format_type(a.atttypid, a.atttypmod)] FROM pg_attribute a
                 WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) AS attributes
    {_TYPES} AND t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')
"""

_SEQUENCES = f"""
    SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class') AS comment, format_type(s.seqtypid, NULL) AS type,
           s.seqincrement, s.seqstart, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, d.deptype IS NOT NULL AS owned
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0
    WHERE n.nspname = ANY(:schemas) AND d.deptype IS DISTINCT FROM 'i'
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
"""

_SCHEMAS = f"""
    SELECT n.nspname, obj_description(n.oid, 'pg_namespace') AS comment FROM pg_namespace n
    WHERE n.nspname = ANY(:schemas) AND {NOT_OF_EXTENSION.format("'pg_namespace'::regclass", "n.oid")}
"""


def _common(row: Any, scope: Scope) -> dict[str, Any]:
    return {"schema": scope.schema(row.nspname), "comment": row.comment, "closed": row.closed}


def inspect_enums(connection: Connection, scope: Scope) -> Iterator[Enum]:
    """All enumerations."""
    for row in scope.rows(connection, _ENUMS):
        yield Enum(row.typname, tuple(row.labels), **_common(row, scope))


def inspect_domains(connection: Connection, scope: Scope) -> Iterator[Domain]:
    """All domains."""
    for row in scope.rows(connection, _DOMAINS):
        yield Domain(
            row.typname,
            row.base,
            **_common(row, scope),
            collation=row.collation,
            default=row.default,
            not_null=row.typnotnull,
            checks=tuple((name, check) for name, check in row.checks),
        )


def inspect_composite_types(connection: Connection, scope: Scope) -> Iterator[CompositeType]:
    """All composite types, apart from those that tables and views bring with them."""
    for row in scope.rows(connection, _COMPOSITE_TYPES):
        attributes = tuple((name, type_) for name, type_ in row.attributes)
        yield CompositeType(row.typname, attributes, **_common(row, scope))


def inspect_sequences(connection: Connection, scope: Scope) -> Iterator[Sequence]:
    """All sequences but those of identity columns."""
    for row in scope.rows(connection, _SEQUENCES):
        yield Sequence(
            row.relname,
            data_type=row.type,
            increment=row.seqincrement,
            start=row.seqstart,
            minvalue=row.seqmin,
            maxvalue=row.seqmax,
            cache=row.seqcache,
            cycle=row.seqcycle,
            schema=scope.schema(row.nspname),
            comment=row.comment,
            owned=row.owned,
        ).without_defaults()


def inspect_schemas(connection: Connection, scope: Scope) -> Iterator[Schema]:
    """The schemas themselves."""
    for row in scope.rows(connection, _SCHEMAS):
        yield Schema(row.nspname, comment=row.comment)


QUERIES: Final = (_ENUMS, _DOMAINS, _COMPOSITE_TYPES, _SEQUENCES, _SCHEMAS)
