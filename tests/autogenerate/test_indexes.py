"""Indexes in all that PostgreSQL can say of them."""

from typing import Any

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text, text
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each


def _items(*items: Any) -> MetaData:
    metadata = MetaData()
    Table(
        "items",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Text),
        Column("price", Integer),
        *items,
    )
    return metadata


def _index(*columns: Any, **options: Any) -> MetaData:
    return _items(Index("ix", *(columns or ("name",)), **options))


INDEXES: Pairs = {
    "include": (_index(), _index(postgresql_include=["price"])),
    "include another column": (_index(postgresql_include=["price"]), _index(postgresql_include=["id"])),
    "operator class": (_index(), _index(postgresql_ops={"name": "text_pattern_ops"})),
    "storage parameters": (_index(), _index(postgresql_with={"fillfactor": 50})),
    "other storage parameters": (
        _index(postgresql_with={"fillfactor": 50}),
        _index(postgresql_with={"fillfactor": 70, "deduplicate_items": "off"}),
    ),
    "nulls not distinct": (_index(unique=True), _index(unique=True, postgresql_nulls_not_distinct=True)),
    "collation": (_index(), _index(text('name COLLATE "C"'))),
    "another collation": (_index(text('name COLLATE "C"')), _index(text('name COLLATE "POSIX"'))),
    "descending": (_index(), _index(text("name DESC NULLS LAST"))),
    "dropped with its collation": (_index(text('name COLLATE "C"')), _items()),
    "method": (_index(), _index(postgresql_using="hash")),
    "predicate": (_index(), _index(postgresql_where=text("price > 0"))),
    "unique": (_index(), _index(unique=True)),
    "expression": (_index(text("lower(name)")), _index(text("upper(name)"))),
    "everything": (
        _index(),
        _index(
            text('name COLLATE "C" text_pattern_ops DESC'),
            unique=True,
            postgresql_include=["price"],
            postgresql_with={"fillfactor": 50},
            postgresql_where=text("price > 0"),
            postgresql_nulls_not_distinct=True,
        ),
    ),
}

SAME: Pairs = {
    "method": (_index(), _index(postgresql_using="btree")),
    "spelling": (_index(text("lower(name)")), _index(text("LOWER( name )"))),
    "storage parameters": (
        _index(postgresql_with={"fillfactor": 50}),
        _index(postgresql_with={"fillfactor": "50"}),
    ),
    "default operator class": (_index(), _index(postgresql_ops={"name": "text_ops"})),
    "collation": (_index(text('name COLLATE "C"')), _index(text('(name) collate "C"'))),
    "default order": (_index(), _index(text("name ASC NULLS LAST"))),
}


@each(INDEXES)
def test_indexes_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_indexes_that_are_the_same(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
