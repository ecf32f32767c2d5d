"""What every table of the schema is, read from the catalogue of a migrated database."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.orm import configure_mappers
from tests.models.conftest import World

from tenantry.ddl import DeclarationError
from tenantry.models import Base
from tenantry.models.base import Record

TABLES = [table.name for table in Base.metadata.sorted_tables]
TENANT_TABLES = [table.name for table in Base.metadata.sorted_tables if "tenant_id" in table.columns]

KEYS = """
SELECT constrained.conname, constrained.contype, array_agg(a.attname ORDER BY place) AS columns,
       constrained.confrelid::regclass::text AS target
FROM pg_constraint AS constrained, unnest(constrained.conkey) WITH ORDINALITY AS key (attnum, place)
JOIN pg_attribute AS a USING (attnum)
WHERE constrained.conrelid = CAST(:table AS regclass) AND a.attrelid = constrained.conrelid
GROUP BY constrained.oid, constrained.conname, constrained.contype, constrained.confrelid
"""
INDEXES = """
SELECT i.indisunique, array_agg(a.attname ORDER BY place) AS columns
FROM pg_index AS i, unnest(i.indkey::int2[]) WITH ORDINALITY AS key (attnum, place)
LEFT JOIN pg_attribute AS a ON a.attnum = key.attnum
WHERE i.indrelid = CAST(:table AS regclass) AND (a.attrelid = i.indrelid OR a.attrelid IS NULL)
GROUP BY i.indexrelid, i.indisunique
"""

every_table = pytest.mark.parametrize("table", TABLES)
every_tenant_table = pytest.mark.parametrize("table", TENANT_TABLES)


def keys(connection: Connection, table: str, kind: str) -> dict[str, tuple[list[str], str]]:
    found = connection.execute(text(KEYS), {"table": table}).mappings()
    return {key["conname"]: (key["columns"], key["target"]) for key in found if key["contype"] == kind}


def indexes(connection: Connection, table: str, *, unique: bool = False) -> list[list[str]]:
    found = connection.execute(text(INDEXES), {"table": table}).mappings()
    return [index["columns"] for index in found if index["indisunique"] or not unique]


@every_tenant_table
def test_the_key_begins_with_the_tenant(world: World, table: str) -> None:
    with world.superuser.connect() as connection:
        assert [columns for columns, _ in keys(connection, table, "p").values()] == [["tenant_id", "id"]]
        assert all(columns[0] == "tenant_id" for columns in indexes(connection, table, unique=True))


@every_table
def test_row_security_is_forced(world: World, table: str) -> None:
    query = text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = CAST(:table AS regclass)")
    with world.superuser.connect() as connection:
        assert connection.execute(query, {"table": table}).scalar_one() is True


@every_table
def test_every_foreign_key_has_an_index(world: World, table: str) -> None:
    with world.superuser.connect() as connection:
        led = indexes(connection, table)
        for columns, _ in keys(connection, table, "f").values():
            assert any(index[: len(columns)] == columns for index in led), columns


@every_tenant_table
def test_every_foreign_key_stays_in_the_tenant(world: World, table: str) -> None:
    with world.superuser.connect() as connection:
        for columns, target in keys(connection, table, "f").values():
            if target in TENANT_TABLES:
                assert columns[0] == "tenant_id"
                assert len(columns) == 2


@every_table
def test_it_is_commented(world: World, table: str) -> None:
    query = text("SELECT obj_description(CAST(:table AS regclass))")
    with world.superuser.connect() as connection:
        assert connection.execute(query, {"table": table}).scalar_one()


def test_functions_pin_their_search_path_and_are_closed(world: World) -> None:
    loose = text("""
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
        AND (proconfig IS NULL OR 'search_path=pg_catalog, public, pg_temp' <> ALL (proconfig)
             OR has_function_privilege('public', oid, 'execute'))
    """)
    with world.superuser.connect() as connection:
        assert connection.execute(loose).scalars().all() == []


def test_the_mappers_fit_together() -> None:
    configure_mappers()


def test_a_table_says_whose_rows_it_holds() -> None:
    with pytest.raises(DeclarationError, match="whose rows"):

        class Stray(Record, Base):
            __tablename__ = "stray"

    Base.metadata.remove(Base.metadata.tables["stray"])
