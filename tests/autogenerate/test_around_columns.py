"""Indexes and keys that are made, dropped or changed while their columns get another type."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem
from tests.autogenerate.conftest import Run

Items = Callable[[], list[SchemaItem]]


def _tasks(kind: Any, *items: SchemaItem) -> MetaData:
    metadata = MetaData()
    if isinstance(kind, tuple):
        kind = Enum(*kind, name="state")
    Table("states", metadata, Column("state", kind, primary_key=True))
    Table("tasks", metadata, Column("id", Integer, primary_key=True), Column("state", kind), *items)
    return metadata


TYPES = {
    "removed": (("a", "b", "c"), ("a", "b")),
    "reordered": (("a", "b"), ("b", "a")),
    "added": (("a", "b"), ("a", "b", "c")),
    "from text": (Text, ("a", "b")),
    "another enumeration": (Enum("a", "b", name="state"), Enum("a", "b", "c", name="status")),
}

ITEMS: dict[str, Items] = {
    "index": lambda: [Index("i", "state")],
    "partial index": lambda: [Index("i", "id", postgresql_where=text("state = 'b'"))],
    "other index": lambda: [Index("i", "id", postgresql_where=text("state = 'a'"))],
    "foreign key": lambda: [ForeignKeyConstraint(["state"], ["states.state"], name="f")],
    "all": lambda: [
        Index("i", text("(state = 'b')")),
        UniqueConstraint("state", "id", name="u"),
        CheckConstraint("state = 'b'", name="c"),
    ],
    "none": list,
}

CHANGES = [
    ("none", "all"),
    ("partial index", "other index"),
    ("index", "foreign key"),
]


@pytest.mark.parametrize("types", TYPES.values(), ids=[name.replace(" ", "-") for name in TYPES])
@pytest.mark.parametrize("change", CHANGES, ids=[" to ".join(change).replace(" ", "-") for change in CHANGES])
def test_what_is_on_a_column_changes_with_its_type(run: Run, types: tuple[Any, Any], change: tuple[str, str]) -> None:
    """In both directions, with the type changing one way and what is on the column the other, too."""
    (narrow, wide), (before, after) = types, change
    run(_tasks(narrow, *ITEMS[before]()), _tasks(wide, *ITEMS[after]()))
    run(_tasks(wide, *ITEMS[before]()), _tasks(narrow, *ITEMS[after]()))
