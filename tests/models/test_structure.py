"""What every table, function and view of the schema is, read from the catalogue of a migrated database."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from sqlalchemy import Engine, text
from tests.models.conftest import World, refused
from tests.support.autogenerate import comparing

from tenantry.ddl import DeclarationError
from tenantry.models import Base
from tenantry.models.base import Record
from tenantry.models.roles import OWNER

TABLES = [table.name for table in Base.metadata.sorted_tables]
TENANT_TABLES = [table.name for table in Base.metadata.sorted_tables if "tenant_id" in table.columns]
APPEND_ONLY = sorted(mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__append_only__)
#: what migrations know of themselves
BOOKKEEPING = {"alembic_version", "tenantry_ledger"}

KEYS = text("""
SELECT constrained.conrelid::regclass::text AS table, constrained.contype AS kind,
       array_agg(a.attname::text ORDER BY place) AS columns, constrained.confrelid::regclass::text AS target
FROM pg_constraint AS constrained, unnest(constrained.conkey) WITH ORDINALITY AS key (attnum, place)
JOIN pg_attribute AS a USING (attnum)
WHERE constrained.connamespace = 'public'::regnamespace AND a.attrelid = constrained.conrelid
GROUP BY constrained.oid, constrained.conrelid, constrained.contype, constrained.confrelid
""")
INDEXES = text("""
SELECT i.indrelid::regclass::text AS table, i.indisunique AS is_unique, i.indisexclusion AS is_exclusion,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       array_agg(a.attname::text ORDER BY place) AS columns
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid AND c.relnamespace = 'public'::regnamespace
CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, place)
LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = key.attnum
GROUP BY i.indexrelid, i.indrelid, i.indisunique, i.indisexclusion, i.indpred
""")
TABLE_FACTS = text("""
SELECT relname AS table, relrowsecurity AS enabled, relforcerowsecurity AS forced,
       pg_get_userbyid(relowner) AS owner, obj_description(pg_class.oid) AS comment
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
""")
OPEN_FUNCTIONS = text("""
SELECT proname FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = pg_proc.oid AND deptype = 'e')
-- one in SQL-standard form has looked up what it calls when it was made
AND (coalesce('search_path=pg_catalog, public, pg_temp' <> ALL (proconfig), prosqlbody IS NULL)
     OR has_function_privilege('public', oid, 'execute'))
""")
OPEN_VIEWS = text("""
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
AND (reloptions IS NULL OR 'security_invoker=true' <> ALL (reloptions))
""")

every_table = pytest.mark.parametrize("table", TABLES)
every_tenant_table = pytest.mark.parametrize("table", TENANT_TABLES)


@cache
def catalogue(engine: Engine, query: Any) -> dict[str, list[Any]]:
    """What a query finds, by table; asked once a database."""
    found: dict[str, list[Any]] = {table: [] for table in TABLES}
    with engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.table, []).append(row)
    return found


def keys(world: World, table: str, kind: str) -> list[tuple[list[str], str]]:
    return [(key.columns, key.target) for key in catalogue(world.superuser, KEYS)[table] if key.kind == kind]


def serves(index: Any, columns: Sequence[str]) -> bool:
    """Whether an index finds the rows that refer to a deleted one: it leads with the key's columns, in any order.

    A partial one does where it holds every row that refers to anything.
    """
    whole = index.predicate is None or re.fullmatch(r"\((\w+) IS NOT NULL\)", index.predicate) is not None
    return whole and sorted(index.columns[: len(columns)], key=str) == sorted(columns)


@every_tenant_table
def test_the_key_is_the_tenants(world: World, table: str) -> None:
    assert [columns for columns, _ in keys(world, table, "p")] == [["tenant_id", "id"]]
    unique = [
        index.columns for index in catalogue(world.superuser, INDEXES)[table] if index.is_unique or index.is_exclusion
    ]
    assert all(columns[0] == "tenant_id" for columns in unique)


@every_tenant_table
def test_every_foreign_key_stays_in_the_tenant(world: World, table: str) -> None:
    for columns, target in keys(world, table, "f"):
        if target in TENANT_TABLES:
            assert columns[0] == "tenant_id"
            assert len(columns) > 1


@every_table
def test_every_foreign_key_has_an_index(world: World, table: str) -> None:
    for columns, _ in keys(world, table, "f"):
        assert any(serves(index, columns) for index in catalogue(world.superuser, INDEXES)[table]), columns


@every_table
def test_it_is_secured_and_commented(world: World, table: str) -> None:
    (found,) = catalogue(world.superuser, TABLE_FACTS)[table]
    assert (found.enabled, found.forced, found.owner) == (True, True, OWNER)
    assert found.comment


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_not_even_the_owner_changes_what_is_append_only(world: World, table: str) -> None:
    column = Base.metadata.tables[table].primary_key.columns[0].name
    with world.superuser.connect() as connection:
        connection.execute(text(f"SET ROLE {OWNER}"))
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
        ):
            with refused("42501", match="append-only"), connection.begin_nested():
                connection.execute(text(statement))


def test_nothing_is_in_the_schema_but_what_is_declared(world: World) -> None:
    assert set(catalogue(world.superuser, TABLE_FACTS)) - BOOKKEEPING == set(TABLES)


def test_functions_pin_their_search_path_and_are_closed(world: World) -> None:
    with world.superuser.connect() as connection:
        assert connection.execute(OPEN_FUNCTIONS).scalars().all() == []


def test_views_show_what_the_caller_may_see(world: World) -> None:
    with world.superuser.connect() as connection:
        assert connection.execute(OPEN_VIEWS).scalars().all() == []


def test_the_declaration_and_the_database_are_the_same(world: World) -> None:
    with comparing(world.superuser.url, tenantry_run_as=OWNER) as comparison:
        revision = comparison.revision(Base.metadata)
    assert revision.is_empty, revision.upgrade


def test_a_table_says_whose_rows_it_holds() -> None:
    with pytest.raises(DeclarationError, match="whose rows"):

        class Stray(Record, Base):
            __tablename__ = "stray"

    Base.metadata.remove(Base.metadata.tables["stray"])
