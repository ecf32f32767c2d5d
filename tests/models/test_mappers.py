"""What the mappers promise, for every relationship and every enumeration of the schema."""

import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Enum, MetaData, Table, inspect, select, text
from sqlalchemy.orm import Mapper, MapperProperty, RelationshipProperty, Session, joinedload, selectinload
from sqlalchemy.orm.interfaces import MANYTOONE
from tests.models.conftest import World, refused

from tenantry.models import Base, Workflow
from tenantry.models.base import TenantOwned
from tenantry.runtime.context import get_in_tenant, tenant_context
from tenantry.testing.hints import HINTS, Row
from tenantry.testing.rows import is_one_per_tenant

MAPPERS: list[Mapper[Any]] = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__tablename__)
RELATIONSHIPS = [relationship for mapper in MAPPERS for relationship in mapper.relationships]
UPWARD = [relationship for relationship in RELATIONSHIPS if relationship.direction is MANYTOONE]
ENUMERATED = [
    table for table in Base.metadata.sorted_tables if any(isinstance(column.type, Enum) for column in table.columns)
]
CHECK_VIOLATION = "23514"
NEEDS_STOCK = {"StockMovement.from_warehouse"}


@contextmanager
def working(world: World, connection: Connection) -> Iterator[Session]:
    """A session in a tenant's context, without the limits of a role."""
    with (
        Session(connection, join_transaction_mode="create_savepoint") as session,
        tenant_context(session, world.a.tenant_id, world.members["owner"], key=world.key),
    ):
        yield session


def links(relationship: RelationshipProperty[Any]) -> dict[str, str]:
    """The columns that a relationship writes, and those of the other row that it takes them from."""
    return {str(here.name): str(there.name) for there, here in relationship.synchronize_pairs}


def attributes(mapper: Mapper[Any], row: Row) -> Row:
    names: dict[str, MapperProperty[Any]] = {
        name: mapper.get_property_by_column(mapper.local_table.columns[name]) for name in row
    }
    return {names[name].key: value for name, value in row.items()}


def the_one(session: Session, mapper: Mapper[Any], key: Row, *options: Any) -> Any:
    """The object with these values of columns, within the tenant, loaded anew."""
    columns = mapper.local_table.columns
    names = mapper.primary_key if {column.name for column in mapper.primary_key} <= key.keys() else columns
    found = [column == key[column.name] for column in names if column.name in key]
    return session.scalars(select(mapper.class_).where(*found).options(*options)).one()


def test_the_mappers_fit_together_without_a_warning() -> None:
    program = "from sqlalchemy.orm import configure_mappers; import tenantry.models; configure_mappers()"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("relationship", RELATIONSHIPS, ids=str)
def test_nothing_is_loaded_in_silence(relationship: RelationshipProperty[Any]) -> None:
    assert relationship.lazy == "raise_on_sql"
    # whatever leads down leads back up, so that the test of the way up walks both
    assert relationship in UPWARD or relationship.back_populates
    # what becomes of the rows below is the foreign key's business
    assert relationship in UPWARD or relationship.passive_deletes == "all"


@pytest.mark.parametrize("relationship", UPWARD, ids=str)
def test_a_relationship_is_written_and_loaded(world: World, relationship: RelationshipProperty[Any]) -> None:
    table, written = Base.metadata.tables[relationship.parent.class_.__tablename__], links(relationship)
    if str(relationship) in NEEDS_STOCK:
        pytest.skip("takes away what has to have come first")
    with world.undone() as connection:
        if is_one_per_tenant(table):
            with working(world, connection) as session:
                assert_both_ways(session, relationship, world.a.rows[table.name][0])
            return
        row = world.a.fresh_row(connection, table, also=[name for name in written if name != "tenant_id"])
        with working(world, connection) as session:
            add(session, relationship, row, {} if relationship.viewonly else written)
            assert_both_ways(session, relationship, row)


def add(session: Session, relationship: RelationshipProperty[Any], row: Row, written: dict[str, str]) -> None:
    """Write a row, what the relationship writes by assigning the object above."""
    mapper = relationship.parent
    made = mapper.class_(**attributes(mapper, {name: value for name, value in row.items() if name not in written}))
    if written:
        key = {there: row[here] for here, there in written.items()}
        setattr(made, relationship.key, the_one(session, relationship.mapper, key))
    session.add(made)
    session.flush()
    columns = [name for name in written if f"{mapper.local_table}.{name}" not in HINTS.found]
    assert attributes(mapper, {name: row[name] for name in columns}).items() <= vars(made).items()
    session.expunge_all()


def assert_both_ways(session: Session, relationship: RelationshipProperty[Any], row: Row) -> None:
    below = the_one(session, relationship.parent, row, joinedload(relationship.class_attribute))
    above = getattr(below, relationship.key)
    assert above is not None
    if relationship.back_populates:
        key, identity = inspect(above).identity, inspect(below).identity
        session.expunge_all()
        back = relationship.mapper.relationships[relationship.back_populates]
        names = [column.name for column in back.parent.primary_key]
        above = the_one(session, back.parent, dict(zip(names, key, strict=True)), selectinload(back.class_attribute))
        found = getattr(above, back.key)
        assert identity in [inspect(each).identity for each in (found if back.uselist else [found])]


CHECK_OF_COLUMN = text("""
SELECT pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = to_regclass(:table) AND contype = 'c' AND conname = :name
""")


@pytest.mark.parametrize("table", ENUMERATED, ids=str)
def test_an_enumeration_comes_back_as_it_went_in_and_takes_nothing_else(world: World, table: Table) -> None:
    """On a table with the column and its CHECK alone, so that no other rule has a say."""
    with world.undone() as connection:
        for column in table.columns:
            if isinstance(column.type, Enum):
                _assert_words(connection, table, column, column.type)


def _assert_words(connection: Connection, table: Table, column: Column[Any], kind: Enum) -> None:
    assert kind.enum_class is not None
    members = list(kind.enum_class)
    probe = Table(f"probe_{column.name}", MetaData(), Column(column.name, kind), prefixes=["TEMPORARY"])
    probe.create(connection)
    name = {"table": table.name, "name": f"ck_{table.name}_{column.name}"}
    check = connection.execute(CHECK_OF_COLUMN, name).scalar_one()
    connection.execute(text(f"ALTER TABLE {probe.name} ADD {check}"))
    connection.execute(probe.insert(), [{column.name: member} for member in members])
    assert connection.scalars(select(probe.columns[column.name])).all() == members
    with refused(CHECK_VIOLATION), connection.begin_nested():
        connection.execute(text(f"INSERT INTO {probe.name} VALUES ('no such word')"))


def test_a_row_is_got_by_its_id_within_the_tenant(world: World) -> None:
    owned: list[Any] = [mapper.class_ for mapper in MAPPERS if issubclass(mapper.class_, TenantOwned)]
    with world.undone() as connection, working(world, connection) as session:
        for model in owned:
            mine, theirs = (household.rows[model.__tablename__][0]["id"] for household in (world.a, world.b))
            found = get_in_tenant(session, model, mine)
            assert found is not None
            assert found is session.get(model, (world.a.tenant_id, mine))
            assert get_in_tenant(session, model, theirs) is None


def test_nothing_is_got_without_a_tenant(world: World) -> None:
    row_id: uuid.UUID = world.a.rows["ai_workflows"][0]["id"]
    with Session(world.superuser) as session:
        assert get_in_tenant(session, Workflow, row_id) is None
        with tenant_context(session, None, world.members["owner"], key=world.key):
            assert get_in_tenant(session, Workflow, row_id) is None
