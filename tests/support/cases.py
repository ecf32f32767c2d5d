"""Tables of cases: what is declared before and after, each pair run in both directions."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem

Pairs = Mapping[str, tuple[MetaData, MetaData]]
Declare = Callable[[MetaData], object]


def each(pairs: Pairs) -> pytest.MarkDecorator:
    """A test that gets `before` and `after` of every pair, and of the pair turned round."""
    parameters = []
    for name, (before, after) in pairs.items():
        parameters += [
            pytest.param(before, after, id=name.replace(" ", "-")),
            pytest.param(after, before, id=f"{name.replace(' ', '-')}-undone"),
        ]
    return pytest.mark.parametrize(("before", "after"), parameters)


def documents(*items: SchemaItem, also: Declare | None = None) -> MetaData:
    """Two tables, one of which has these items."""
    metadata = MetaData()
    Table("tenants", metadata, Column("id", Integer, primary_key=True), Column("owner", Text))
    Table(
        "documents",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("tenant_id", Integer, ForeignKey("tenants.id"), nullable=False),
        Column("title", Text),
        Column("state", Text, server_default="draft"),
        *items,
    )
    if also is not None:
        also(metadata)
    return metadata


def declaring(*declarations: Declare) -> MetaData:
    """A database of its own, with these declarations in it."""
    metadata = MetaData()
    for declare in declarations:
        declare(metadata)
    return metadata
