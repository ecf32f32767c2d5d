"""Tables of cases: what is declared before and after, pair by pair."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, Phase, settings
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem

#: declarations combined at random, but the same ones on every run
SAME_EVERY_RUN = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Pairs = Mapping[str, tuple[MetaData, MetaData]]
Declare = Callable[[MetaData], object]


def each(pairs: Pairs) -> pytest.MarkDecorator:
    """A test that gets `before` and `after` of every pair."""
    names = [name.replace(" ", "-") for name in pairs]
    return pytest.mark.parametrize(("before", "after"), list(pairs.values()), ids=names)


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


def all_of(*declarations: Declare) -> Declare:
    """Several declarations as one."""

    def declare(metadata: MetaData) -> None:
        for declaration in declarations:
            declaration(metadata)

    return declare


def declaring(*declarations: Declare) -> MetaData:
    """These declarations and no table."""
    metadata = MetaData()
    all_of(*declarations)(metadata)
    return metadata
