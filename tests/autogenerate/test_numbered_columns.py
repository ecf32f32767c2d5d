"""Identity columns: what they give out, and how columns become identities and cease to be some."""

from typing import Any

import pytest
from sqlalchemy import URL, BigInteger, Column, Identity, Integer, MetaData, Sequence, SmallInteger, Table, Text
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each


def _items(*arguments: Any, kind: Any = Integer, schema: str | None = None, **options: Any) -> MetaData:
    metadata = MetaData()
    number = Column("number", kind, *arguments, **options)
    Table("items", metadata, Column("id", Integer, primary_key=True), number, schema=schema)
    return metadata


def _keyed(*arguments: Any, kind: Any = Integer, **options: Any) -> MetaData:
    metadata = MetaData()
    Table("keyed", metadata, Column("id", kind, *arguments, primary_key=True, **options), Column("note", Text))
    return metadata


def _next() -> MetaData:
    metadata = MetaData()
    numbers = Sequence("numbers", metadata=metadata)
    Table("keyed", metadata, Column("id", Integer, server_default=numbers.next_value(), primary_key=True))
    return metadata


OPTIONS = Identity(start=100, increment=5, minvalue=50, maxvalue=9000, cache=7, cycle=True)

IDENTITIES: Pairs = {
    "always": (_items(Identity()), _items(Identity(always=True))),
    "options": (_items(Identity()), _items(OPTIONS)),
    "options and always": (_items(Identity()), _items(Identity(always=True, increment=-1))),
    "a later start": (_items(Identity(start=5)), _items(Identity(start=50, minvalue=20))),
    "cycle": (_items(Identity(always=True, cycle=True)), _items(Identity(always=True))),
    "type": (_items(Identity(maxvalue=900)), _items(Identity(maxvalue=900), kind=BigInteger)),
    "type and options": (_items(Identity(), kind=SmallInteger), _items(Identity(increment=3), kind=BigInteger)),
    "added": (_items(nullable=False), _items(Identity())),
    "added to what may be null": (_items(), _items(Identity(always=True, start=10))),
    "added in place of a default": (_items(server_default="7"), _items(Identity())),
    "added with its column": (_keyed(), _keyed(Identity(always=True, start=3))),
    "in place of a serial": (_keyed(), _keyed(Identity())),
    "in place of a wide serial": (_keyed(kind=BigInteger), _keyed(Identity(always=True), kind=BigInteger)),
    "in place of a narrow serial": (_keyed(), _keyed(Identity(always=True), kind=BigInteger)),
    "in place of a number by hand": (_keyed(autoincrement=False), _keyed(Identity())),
    "in place of a sequence": (_next(), _keyed(Identity())),
}

ELSEWHERE = (_items(nullable=False, schema="Odd Schema"), _items(Identity(increment=2), schema="Odd Schema"))

SAME: Pairs = {
    "defaults": (
        _items(Identity()),
        _items(Identity(always=False, start=1, increment=1, minvalue=1, maxvalue=2**31 - 1, cache=1, cycle=False)),
    ),
    "down": (_items(Identity(increment=-1)), _items(Identity(increment=-1, start=-1, maxvalue=-1))),
}


@each(IDENTITIES)
def test_identities(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def test_identities_in_another_schema(run: Run) -> None:
    run(*ELSEWHERE, include_schemas=True)


@each(SAME)
def test_identities_that_are_the_same(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


NUMBERED = {
    "number by hand": _keyed(autoincrement=False),
    "serial": _keyed(),
    "identity": _keyed(Identity()),
}


@pytest.mark.parametrize(
    ("before", "after"), [("number by hand", "identity"), ("serial", "identity"), ("identity", "serial")]
)
def test_numbers_go_on_after_the_rows(shared_database: URL, before: str, after: str) -> None:
    """Whoever gave out the numbers of before."""
    with comparing(shared_database) as comparison:
        comparison.migrate_to(NUMBERED[before])
        comparison.execute("INSERT INTO keyed (id) VALUES (1), (2), (41)")
        comparison.migrate_to(NUMBERED[after])
        comparison.execute("INSERT INTO keyed (note) VALUES ('next')")
        found = comparison.connection.exec_driver_sql("SELECT max(id) FROM keyed").scalar()
        assert found == 42


def test_a_start_that_nobody_has_seen_is_another(shared_database: URL) -> None:
    """A start that was taken is history."""
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_keyed(Identity(start=10)))
        comparison.migrate_to(_keyed(Identity(start=20)))
        comparison.execute("INSERT INTO keyed (note) VALUES ('first')")
        comparison.migrate_to(_keyed(Identity(start=30)))
        comparison.execute("INSERT INTO keyed (note) VALUES ('second')")
        assert comparison.connection.exec_driver_sql("SELECT id FROM keyed ORDER BY id").scalars().all() == [20, 21]
