"""Partitions: how tables are split, and into what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import Partition
from tenantry.autogenerate.inspect.scope import Scope

TableKey = tuple[str | None, str]

_PARTITIONS = """
    SELECT n.nspname, c.relname, pn.nspname AS table_schema, p.relname AS table_name, rn.nspname AS root_schema,
           r.relname AS root_name, pg_get_expr(c.relpartbound, c.oid) AS bound, pg_get_partkeydef(c.oid) AS key,
           obj_description(c.oid, 'pg_class') AS comment, c.relrowsecurity, c.relforcerowsecurity,
           ARRAY(SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END::text
                 FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) AS roles
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_inherits i ON i.inhrelid = c.oid
    JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    JOIN pg_class r ON r.oid = pg_partition_root(c.oid) JOIN pg_namespace rn ON rn.oid = r.relnamespace
    WHERE c.relispartition AND c.relkind IN ('r', 'p') AND (n.nspname = ANY(:schemas) OR rn.nspname = ANY(:schemas))
    ORDER BY n.nspname, c.relname
"""

_PARTITIONED = """
    SELECT n.nspname, c.relname, pg_get_partkeydef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND c.relkind = 'p' AND NOT c.relispartition
"""


@dataclass(frozen=True)
class LivePartition:
    """A partition as it is: the table it is in the end a part of, and what guards it.

    :param roles: who has privileges on it besides its owner.
    """

    definition: Partition
    root: TableKey
    enabled: bool
    force: bool
    roles: frozenset[str]


def inspect_partitions(connection: Connection, scope: Scope) -> Iterator[LivePartition]:
    """All partitions, of whichever schema, of tables in scope."""
    for row in scope.rows(connection, _PARTITIONS):
        definition = Partition(
            row.table_name,
            row.relname,
            values=None if row.bound == "DEFAULT" else row.bound.removeprefix("FOR VALUES "),
            partition_by=row.key,
            table_schema=scope.schema(row.table_schema),
            schema=scope.schema(row.nspname),
            comment=row.comment,
        )
        yield LivePartition(
            definition,
            (scope.schema(row.root_schema), row.root_name),
            row.relrowsecurity,
            row.relforcerowsecurity,
            frozenset(scope.role(name) for name in row.roles),
        )


def inspect_partition_definitions(connection: Connection, scope: Scope) -> Iterator[Partition]:
    """What the partitions are, without what guards them."""
    return (partition.definition for partition in inspect_partitions(connection, scope))


def inspect_partition_keys(connection: Connection, scope: Scope) -> dict[TableKey, str]:
    """How each partitioned table is split, in the words of PARTITION BY."""
    return {(scope.schema(schema), name): key for schema, name, key in scope.rows(connection, _PARTITIONED)}


QUERIES: Final = (_PARTITIONS, _PARTITIONED)
