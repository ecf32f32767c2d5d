"""Types that other types consist of."""

from typing import Any

import pytest
from sqlalchemy import ARRAY, URL, Column, Enum, Integer, MetaData, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import DOMAIN
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each

from tenantry.autogenerate.scratch import ComparisonError
from tenantry.ddl import CompositeType, Rows


def _steps(*labels: str, name: str = "state", many: bool = False) -> MetaData:
    """An enumeration, or arrays of it, within a composite type."""
    metadata = MetaData()
    state = Enum(*labels, name=name, metadata=metadata)
    step = CompositeType("step", {"name": Text, "state": ARRAY(state) if many else state}, metadata=metadata)
    table = Table("used", metadata, Column("id", Integer, primary_key=True), Column("step", step))
    Rows(table, [{"id": 1, "step": "(one,{a})" if many else "(one,a)"}])
    return metadata


def _open(*labels: str, name: str = "state", outer: str = "unfinished") -> MetaData:
    """A domain over an enumeration."""
    metadata = MetaData()
    unfinished = DOMAIN(outer, Enum(*labels, name=name, metadata=metadata), check="VALUE <> 'b'")
    Table("used", metadata, Column("id", Integer, primary_key=True), Column("state", unfinished))
    return metadata


def _places(name: str = "address", **attributes: Any) -> MetaData:
    """A column with arrays of a composite type."""
    metadata = MetaData()
    address = CompositeType(name, attributes, metadata=metadata)
    Table("used", metadata, Column("id", Integer, primary_key=True), Column("former", ARRAY(address)))
    return metadata


def _amounts(base: Any, *, name: str = "amount") -> MetaData:
    """A domain over a domain."""
    metadata = MetaData()
    amount = DOMAIN(name, base, metadata=metadata)
    price = DOMAIN("price", amount, check="VALUE > 0")
    Table("used", metadata, Column("id", Integer, primary_key=True), Column("price", price))
    return metadata


CREATED: Pairs = {
    "enum in composite types": (MetaData(), _steps("a", "b")),
    "domain over an enum": (MetaData(), _open("a", "b")),
    "array of a composite type": (MetaData(), _places(street=Text)),
    "domain over a domain": (MetaData(), _amounts(Integer)),
}


@each(CREATED)
def test_types_of_types_come_and_go(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


INSTEAD: Pairs = {
    "enum in a composite type": (_steps("a", "b"), _steps("b", "a", name="Odd state")),
    "array of an enum in a composite type": (_steps("a", many=True), _steps("b", "a", name="state2", many=True)),
    "domain over an enum": (_open("a", "b"), _open("b", "a", name="state2")),
    "domain over an enum and other": (_open("a", "b"), _open("b", "a", name="state2", outer="open")),
    "array of a composite type": (_places(street=Text, number="int"), _places("other", street=Text, number="text")),
    "domain over a domain": (_amounts(Integer), _amounts(Numeric, name="amount2")),
}


@each(INSTEAD)
def test_a_type_of_another_name_takes_its_place(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "used")


REFUSED = {
    "enum": (_steps("a", "b"), _steps("b", "a"), "enum state .*attribute state of composite type step"),
    "value more": (_open("a", "b"), _open("a", "b", "c"), "enum state .*domain unfinished"),
    "array": (_places(a="int"), _places(a="text"), "composite type address .*column used.former"),
    "domain": (_amounts(Integer), _amounts(Numeric), "domain amount .*domain price"),
}


@pytest.mark.parametrize(("before", "after", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_converted_is_said(shared_database: URL, before: MetaData, after: MetaData, said: str) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(before)
        with pytest.raises(ComparisonError, match=f"^{said}.* declare a type of another name"):
            comparison.revision(after)
