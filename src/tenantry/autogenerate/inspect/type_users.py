"""What uses types with a name: the columns that have them, and what PostgreSQL has to read anew when they change."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions import NamedType, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.inspect.scope import Scope

_TYPE = """
    SELECT t.oid, t.typarray, w.name FROM unnest(CAST(:types AS text[])) AS w(name) JOIN pg_type t
    ON t.oid = to_regtype(w.name)
"""

# A partition's columns are converted with its parent's; what is generated is not converted, but made anew.
_COLUMNS = f"""
    WITH type AS ({_TYPE})
    SELECT type.name AS type, n.nspname, c.relname, a.attname, a.atttypid = type.typarray AS many,
           pg_get_expr(d.adbin, d.adrelid) AS "default"
    FROM type JOIN pg_attribute a ON a.atttypid IN (type.oid, type.typarray)
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') AND a.attinhcount = 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY n.nspname, c.relname, a.attnum
"""

_OTHER_TYPES = f"""
    WITH type AS ({_TYPE})
    SELECT type.name AS type, 'domain ' || format_type(o.oid, NULL) AS other
    FROM type JOIN pg_type o ON o.typbasetype IN (type.oid, type.typarray)
    UNION
    SELECT type.name, format('attribute %I of composite type %s', a.attname, format_type(c.reltype, NULL))
    FROM type JOIN pg_attribute a ON a.atttypid IN (type.oid, type.typarray) AND NOT a.attisdropped
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
    ORDER BY other
"""

_USER = """
    SELECT 'pg_policy'::regclass AS classid, p.oid, 'policy' AS kind, p.polrelid AS relation, '.' || p.polname AS rest
    FROM pg_policy p
    UNION ALL
    SELECT 'pg_trigger'::regclass, t.oid, 'trigger', t.tgrelid, '.' || t.tgname
    FROM pg_trigger t WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'view', w.ev_class, ''
    FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class WHERE v.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'pg_constraint'::regclass, k.oid, 'constraint', k.conrelid, '.' || k.conname
    FROM pg_constraint k WHERE k.contype IN ('c', 'x')
    UNION ALL
    SELECT 'pg_class'::regclass, i.indexrelid, 'index', i.indrelid, '.' || c.relname
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
"""

# Also what uses a view's row, and a view that has a column of the type.
_USERS = f"""
    WITH type AS ({_TYPE})
    SELECT DISTINCT type.name AS type, o.kind, n.nspname, c.relname AS name, o.rest
    FROM type JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (type.oid, type.typarray)
    JOIN ({_USER}) o ON o.classid = d.classid AND o.oid = d.objid
    JOIN pg_class c ON c.oid = o.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    UNION
    SELECT type.name, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname,
           p.proname, '(' || pg_get_function_identity_arguments(p.oid) || ')'
    FROM type JOIN pg_depend d ON d.refclassid = 'pg_type'::regclass AND d.refobjid IN (type.oid, type.typarray)
    JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    UNION
    SELECT type.name, 'column', n.nspname, c.relname, '.' || a.attname
    FROM type JOIN pg_attribute a ON a.atttypid IN (type.oid, type.typarray) AND a.attgenerated <> ''
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT c.relispartition AND NOT a.attisdropped
"""

# CHECKs and indexes that PostgreSQL would read anew when the column gets another type.
_COLUMN_USERS = f"""
    SELECT DISTINCT o.kind, n.nspname, c.relname, o.rest, a.attname
    FROM pg_depend d JOIN ({_USER}) o ON o.classid = d.classid AND o.oid = d.objid AND o.relation = d.refobjid
    JOIN pg_class c ON c.oid = o.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
    WHERE d.refclassid = 'pg_class'::regclass AND o.kind IN ('constraint', 'index') AND n.nspname = ANY(:schemas)
"""


@dataclass(frozen=True)
class TypedColumn:
    """A column that has a type with a name.

    :param many: whether it is an array.
    :param default: its default, as PostgreSQL prints it.
    """

    schema: str | None
    table: str
    name: str
    many: bool
    default: str | None

    @property
    def identity(self) -> str:
        """What tells it from other columns."""
        return f"{dotted(self.schema, self.table)}.{self.name}"

    @property
    def written(self) -> tuple[str, str]:
        """Table and column as a definition has them."""
        return sql.qualified(self.schema, self.table), sql.identifier(self.name) + ("[]" if self.many else "")


@dataclass
class TypeUsers:
    """What uses one type.

    :ivar types: the domains and the attributes of composite types that consist of it, in words.
    """

    columns: list[TypedColumn] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    others: set[Key] = field(default_factory=set)


def inspect_type_users(connection: Connection, scope: Scope, types: Iterable[NamedType]) -> dict[Key, TypeUsers]:
    """What uses each of the types, in any schema."""
    keys = {item.target: (item.kind, item.identity) for item in types}
    users: dict[Key, TypeUsers] = defaultdict(TypeUsers)
    names = list(keys)
    for row in scope.rows(connection, _COLUMNS, types=names):
        column = TypedColumn(scope.schema(row.nspname), row.relname, row.attname, row.many, row.default)
        users[keys[row.type]].columns.append(column)
    for row in scope.rows(connection, _OTHER_TYPES, types=names):
        users[keys[row.type]].types.append(row.other)
    for row in scope.rows(connection, _USERS, types=names):
        users[keys[row.type]].others.add((row.kind, dotted(scope.schema(row.nspname), row.name) + row.rest))
    return users


def inspect_column_users(connection: Connection, scope: Scope) -> dict[Key, set[Key]]:
    """For each column the CHECK and EXCLUDE constraints and the indexes whose expressions use it."""
    users: dict[Key, set[Key]] = defaultdict(set)
    for row in scope.rows(connection, _COLUMN_USERS):
        table = dotted(scope.schema(row.nspname), row.relname)
        users["column", f"{table}.{row.attname}"].add((row.kind, table + row.rest))
    return users
