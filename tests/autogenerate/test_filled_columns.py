"""Columns that come, or go, together with the values of reference rows in them."""

from typing import Any

import pytest
from sqlalchemy import URL, Column, Enum, ForeignKey, Integer, MetaData, Table, Text
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each

from tenantry.ddl import Policy, Rows, RowSecurity


def _plans(*columns: Any, guarded: bool = False, **values: Any) -> MetaData:
    metadata = MetaData()
    guard = [RowSecurity(), Policy("p", using="code <> 'x'")] if guarded else []
    plans = Table("plans", metadata, Column("code", Text, primary_key=True), Column("name", Text), *columns, *guard)
    rows = [{"code": code, "name": code.upper(), **values} for code in ("free", "pro")]
    Rows(plans, rows)
    return metadata


def _required(name: str = "rank", kind: Any = Integer) -> Column[Any]:
    """Nothing but rows fills it; the kind is a type, or a foreign key."""
    return Column(name, kind, nullable=False)


FILLED: Pairs = {
    "filled": (_plans(), _plans(_required(), rank=3)),
    "filled, of a guarded table": (_plans(guarded=True), _plans(_required(), guarded=True, rank=3)),
    "filled with a new type": (_plans(), _plans(_required(kind=Enum("a", "b", name="state")), rank="b")),
    "two of them": (_plans(), _plans(_required(), _required("color", Text), rank=3, color="red")),
    "one for another": (_plans(_required("size"), size=1), _plans(_required(), rank=3)),
    "may be null": (_plans(), _plans(Column("rank", Integer), rank=3)),
    "refers to a row": (
        _plans(),
        _plans(Column("base", ForeignKey("plans.code", name="fk"), nullable=False), base="free"),
    ),
}


@each(FILLED)
def test_columns_come_and_go_with_the_values_of_rows(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "plans")


@pytest.mark.parametrize("required", [True, False], ids=["not-null", "may-be-null"])
def test_values_that_somebody_changed_come_back_as_they_were(shared_database: URL, required: bool) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_plans(Column("rank", Integer, nullable=not required), rank=3))
        comparison.execute("UPDATE plans SET rank = 7 WHERE code = 'pro'")
        revision = comparison.migrate_to(_plans())
        comparison.run(revision.downgrade)
        found = comparison.connection.exec_driver_sql("SELECT code, rank FROM plans ORDER BY code").all()
        assert found == [("free", 3), ("pro", 7)]
