"""Primary keys of other columns, with the foreign keys that refer to them."""

from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Integer, MetaData, PrimaryKeyConstraint, Table, Text
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each

from tenantry.ddl import Function


def _items(*key: str, metadata: MetaData | None = None, extra: bool = False, schema: str | None = None) -> MetaData:
    """A table with this primary key, or none."""
    made = MetaData() if metadata is None else metadata
    Table(
        "items",
        made,
        Column("id", Integer, nullable=False, autoincrement=False),
        Column("code", Text, nullable=False),
        *([Column("part", Integer, nullable=False, server_default="0")] if extra else []),
        *([PrimaryKeyConstraint(*key)] if key else []),
        schema=schema,
    )
    return made


def _boxes(*key: str, uses: str) -> MetaData:
    """Items, boxes that refer to them by their key, and one item that is part of another."""
    metadata = MetaData()
    kind = {"id": Integer, "code": Text}
    Table(
        "items",
        metadata,
        Column("id", Integer, nullable=False, autoincrement=False),
        Column("code", Text, nullable=False),
        *(Column(f"whole_{name}", kind[name]) for name in key),
        PrimaryKeyConstraint(*key),
        ForeignKeyConstraint(
            [f"whole_{name}" for name in key], [f"items.{name}" for name in key], name=f"whole_{uses}"
        ),
    )
    Table(
        "boxes",
        metadata,
        Column("number", Integer, primary_key=True),
        *(Column(f"item_{name}", kind[name]) for name in key),
        ForeignKeyConstraint([f"item_{name}" for name in key], [f"items.{name}" for name in key], name=f"item_{uses}"),
    )
    return metadata


def _convention() -> MetaData:
    return MetaData(naming_convention={"pk": "pk_%(table_name)s"})


def _reading(*columns: Any) -> MetaData:
    """A function that reads what the table has."""
    metadata = MetaData()
    Table("items", metadata, Column("id", Integer, primary_key=True), *columns)
    names = ", ".join(["id", *(column.name for column in columns)])
    body = f"SELECT count(*) FROM (SELECT {names} FROM items) AS found"
    Function(f"count_{len(columns)}", returns="bigint", body=body, metadata=metadata)
    return metadata


KEYS: Pairs = {
    "one more column": (_items("id"), _items("id", "code")),
    "another column": (_items("id"), _items("code")),
    "another order": (_items("id", "code"), _items("code", "id")),
    "none before": (_items(), _items("id")),
    "a column of the same revision": (_items("id"), _items("id", "part", extra=True)),
    "a convention's name": (_items("id", metadata=_convention()), _items("id", "code", metadata=_convention())),
    "referred to": (_boxes("id", uses="number"), _boxes("code", uses="word")),
    "referred to by more columns": (_boxes("id", uses="number"), _boxes("id", "code", uses="both")),
}

READ: Pairs = {
    "a column that a new function reads": (_reading(), _reading(Column("code", Text))),
    "several": (_reading(Column("code", Text)), _reading(Column("code", Text), Column("part", Integer))),
}

SAME: Pairs = {"a convention's name": (_items("id"), _items("id", metadata=_convention()))}


@each(KEYS)
def test_primary_keys_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(READ)
def test_what_reads_a_column_comes_after_it(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_the_name_alone_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    with_old_name = run(before, before)
    assert with_old_name.is_empty
    assert after is not before
