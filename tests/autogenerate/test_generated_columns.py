"""Generated columns: other expressions, other types, and columns that become generated or cease to be."""

from typing import Any

import pytest
from sqlalchemy import (
    URL,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each

from tenantry.ddl import Grant, Policy, Rows, RowSecurity, Trigger, View


def _lines(*arguments: Any, kind: Any = Integer, base: Any = Integer, hung: bool = False, **options: Any) -> MetaData:
    """Lines with a column `total`, and what may hang on it; it is the last one, as whatever is made anew."""
    metadata = MetaData()
    items = options.pop("items", ())
    table = Table(
        "lines",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("amount", base),
        Column("price", base),
        Column("total", kind, *arguments, **options),
        RowSecurity(force=False),
        *(_hung() if hung else ()),
        *items,
    )
    if hung:
        view = View("totals", "SELECT id, total FROM lines", metadata=metadata)
        Grant("select", to="pg_monitor", on=view, metadata=metadata)
    Rows(table, [{"id": 1, "amount": 2, "price": 3}])
    return metadata


def _hung() -> list[SchemaItem]:
    return [
        Index("ix_total", text("total DESC")),
        Index("ix_of_it", text("(total + 1)")),
        CheckConstraint("total < 1000", name="ck_total"),
        UniqueConstraint("total", "id", name="uq_total"),
        Policy("cheap", using="total < 100"),
        Trigger("t", before="update", when="OLD.total > 1", execute="suppress_redundant_updates_trigger()"),
        Grant("select", columns="total", to="pg_monitor"),
    ]


def _stored(expression: str) -> Computed:
    return Computed(expression, persisted=True)


GENERATED: Pairs = {
    "expression": (_lines(_stored("amount + price")), _lines(_stored("amount * price"))),
    "expression, with all that hangs on it": (
        _lines(_stored("amount + price"), hung=True, comment="It's 100%."),
        _lines(_stored("amount * price"), hung=True, comment="It's 100%."),
    ),
    "expression, and what hangs on it goes": (
        _lines(_stored("amount + price"), hung=True),
        _lines(_stored("amount * price")),
    ),
    "type": (_lines(_stored("amount + price")), _lines(_stored("amount + price"), kind=BigInteger)),
    "type, with all that hangs on it": (
        _lines(_stored("amount + price"), hung=True),
        _lines(_stored("amount + price"), kind=Numeric(12, 2), hung=True),
    ),
    "type together with its source's": (
        _lines(_stored("amount + price"), hung=True),
        _lines(_stored("amount + price"), kind=BigInteger, base=BigInteger, hung=True),
    ),
    "everything": (
        _lines(_stored("amount + price"), hung=True),
        _lines(_stored("amount * price"), kind=BigInteger, base=BigInteger, nullable=False, hung=True),
    ),
    "not null": (_lines(_stored("amount + price")), _lines(_stored("amount + price"), nullable=False)),
    "becomes generated": (_lines(), _lines(_stored("amount + price"))),
    "becomes generated, with all that hangs on it": (_lines(hung=True), _lines(_stored("amount + price"), hung=True)),
    "becomes generated, with another type": (_lines(kind=Integer), _lines(_stored("amount + price"), kind=BigInteger)),
    "becomes generated, and had a default": (_lines(server_default="7"), _lines(_stored("amount + price"))),
}


@each(GENERATED)
def test_generated_columns(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def test_another_spelling_is_the_same(run: Run) -> None:
    assert run(_lines(_stored("amount + price")), _lines(_stored("(amount)+(price )"))).is_empty


@pytest.mark.filterwarnings("ignore:Computed column")
@pytest.mark.parametrize("there", [Computed("amount + price"), Computed("amount + price", persisted=True)])
def test_what_is_left_open_is_as_it_is(shared_database: URL, there: Computed) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_lines(there))
        assert comparison.revision(_lines(Computed("amount + price"))).is_empty


def _virtual(expression: str) -> Computed:
    return Computed(expression, persisted=False)


VIRTUAL: Pairs = {
    "expression": (_lines(_virtual("amount + price")), _lines(_virtual("amount * price"))),
    "expression, with a check": (
        _lines(_virtual("amount + price"), items=(CheckConstraint("total < 10", name="c"),)),
        _lines(_virtual("amount * price"), items=(CheckConstraint("total < 10", name="c"),)),
    ),
    "becomes stored": (_lines(_virtual("amount + price")), _lines(_stored("amount + price"))),
    "becomes generated": (_lines(comment="It's."), _lines(_virtual("amount + price"), comment="It's.")),
    "source": (_lines(_virtual("amount + price")), _lines(_virtual("amount + price"), base=BigInteger)),
}


@each(VIRTUAL)
def test_columns_that_are_generated_when_they_are_read(
    run: Run, shared_database: URL, before: MetaData, after: MetaData
) -> None:
    with comparing(shared_database) as comparison:
        version = comparison.connection.dialect.server_version_info
        assert version is not None
        if version < (18,):
            pytest.skip("stored only")
    run(before, after)


@pytest.mark.parametrize("generated", [_stored, _virtual], ids=["stored", "virtual"])
def test_values_stay_where_a_column_is_no_longer_generated(shared_database: URL, generated: Any) -> None:
    with comparing(shared_database) as comparison:
        version = comparison.connection.dialect.server_version_info
        assert version is not None
        if version < (18,) and generated is _virtual:
            pytest.skip("stored only")
        comparison.migrate_to(_lines(generated("amount + price")))
        comparison.migrate_to(_lines())
        assert comparison.connection.exec_driver_sql("SELECT total FROM lines").scalar() == 5


def _states(*labels: str, expression: str = "amount > 1") -> MetaData:
    metadata = MetaData()
    state = Enum(*labels, name="state")
    chosen = f"CASE WHEN {expression} THEN 'a'::state ELSE 'b'::state END"
    Table(
        "tasks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("amount", Integer),
        Column("note", Text),
        Column("state", state, _stored(chosen)),
    )
    return metadata


def test_a_generated_column_of_a_type_that_is_converted(run: Run) -> None:
    run(_states("a", "b", "c"), _states("a", "b"))
    run(_states("a", "b"), _states("b", "a", expression="amount > 2"))
