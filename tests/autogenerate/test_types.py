"""Domains, composite types and sequences, and what hangs on them."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Integer,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, DOMAIN
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each

from tenantry.ddl import CompositeType, Function, Grant, Policy, Rows, RowSecurity, View


def _priced(base: Any = Integer, **options: Any) -> MetaData:
    """A table with a column of the domain, and what hangs on it."""
    metadata = MetaData()
    price = DOMAIN(options.pop("name", "price"), base, **options)
    Table(
        "items",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("price", price, server_default="5"),
        Column("former", ARRAY(price)),
        CheckConstraint("price < 1000", name="affordable"),
        RowSecurity(),
        Policy("cheap", using="price < 100", comment="Cheap."),
    )
    body = "RETURN p::numeric * 2"
    schema = f'"{price.schema}".' if price.schema else ""
    arguments = f'p {schema}"{price.name}"'
    Function("doubled", arguments=arguments, returns="numeric", body=body, metadata=metadata)
    return metadata


def _without() -> MetaData:
    metadata = MetaData()
    Table("items", metadata, Column("id", Integer, primary_key=True))
    return metadata


DOMAINS: Pairs = {
    "created": (MetaData(), _priced(check="VALUE > 0", not_null=True, default="7")),
    "created for a table that was there": (_without(), _priced(check="VALUE > 0", constraint_name="positive")),
    "check added": (_priced(), _priced(check="VALUE > 0")),
    "check changed": (_priced(check="VALUE > 0"), _priced(check="VALUE BETWEEN 0 AND 500")),
    "check renamed": (_priced(check="VALUE > 0"), _priced(check="VALUE > 0", constraint_name="positive")),
    "not null": (_priced(), _priced(not_null=True)),
    "default": (_priced(), _priced(default="3")),
    "default changed": (_priced(default="3"), _priced(default=text("2 + 2"))),
    "base": (_priced(), _priced(BigInteger)),
    "base and check": (_priced(check="VALUE > 0"), _priced(Numeric(10, 2), check="VALUE > 1")),
    "quoted, in another schema": (
        _priced(name="Odd price", schema="Odd Schema"),
        _priced(name="Odd price", schema="Odd Schema", check="VALUE <> 50"),
    ),
}

SAME_DOMAINS: Pairs = {
    "spelling": (_priced(check="VALUE > 0"), _priced(check="(value) > (0)")),
    "type": (_priced(Numeric(10, 2)), _priced(Numeric(precision=10, scale=2))),
}


@each(DOMAINS)
def test_domains(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME_DOMAINS)
def test_domains_that_say_the_same(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def _placed(also: dict[str, Any] | None = None, *, many: bool = False, **options: Any) -> MetaData:
    """A table with a column of the composite type, and what hangs on it."""
    metadata = MetaData()
    attributes = {"street": Text, "number": "int", **(also or {})}
    address = CompositeType(options.pop("name", "address"), attributes, **options, metadata=metadata)
    table = Table(
        "places",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("address", address),
        *([Column("former", ARRAY(address))] if many else []),
        RowSecurity(),
        Policy("numbered", using="(address).number > 0"),
    )
    view = View("streets", "SELECT (address).street FROM places", metadata=metadata)
    Grant("select", to="pg_monitor", on=view, metadata=metadata)
    Rows(table, [{"id": 1}])
    return metadata


def _other(**types: str) -> MetaData:
    metadata = MetaData()
    address = CompositeType("address", types, metadata=metadata)
    Table("places", metadata, Column("id", Integer, primary_key=True), Column("address", address))
    return metadata


def _nested(kind: Any) -> MetaData:
    metadata = MetaData()
    price = DOMAIN("price", kind, metadata=metadata)
    CompositeType("b_line", {"item": Text, "price": price}, metadata=metadata)
    CompositeType("a_order", {"lines": "b_line[]"}, comment="It's.", metadata=metadata)
    return metadata


COMPOSITE_TYPES: Pairs = {
    "created": (MetaData(), _placed(many=True, comment="It's.")),
    "commented": (_placed(), _placed(comment="Where.")),
    "attribute added": (_placed(), _placed({"city": "text"})),
    "two attributes added, arrays": (_placed(many=True), _placed({"city": "text", "zip": "varchar(5)"}, many=True)),
    "attribute in between": (_other(a="text", c="text"), _other(a="text", b="int", c="text")),
    "attribute of another type": (_other(a="text", b="int"), _other(a="text", b="bigint")),
    "quoted, in another schema": (
        _placed(name="Odd type", schema="Odd Schema"),
        _placed({"Odd attribute": "text"}, name="Odd type", schema="Odd Schema"),
    ),
    "of one another": (MetaData(), _nested(Integer)),
}


@each(COMPOSITE_TYPES)
def test_composite_types(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "places")


def _numbered(**options: Any) -> MetaData:
    metadata = MetaData()
    numbers = Sequence(options.pop("name", "numbers"), **options, metadata=metadata)
    Table(
        "bills",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("number", BigInteger, server_default=numbers.next_value()),
    )
    return metadata


SEQUENCES: Pairs = {
    "created": (MetaData(), _numbered(start=1000, increment=10, minvalue=0, maxvalue=5000, cycle=True, cache=5)),
    "increment": (_numbered(), _numbered(increment=2)),
    "start": (_numbered(), _numbered(start=100)),
    "backwards": (_numbered(), _numbered(increment=-1, minvalue=-10, maxvalue=10, start=1)),
    "limits": (_numbered(), _numbered(minvalue=-5, maxvalue=100)),
    "cycle and cache": (_numbered(), _numbered(cycle=True, cache=20)),
    "type": (_numbered(), _numbered(data_type=SmallInteger)),
    "quoted, in another schema": (_without(), _numbered(name="Odd numbers", schema="Odd Schema")),
}

SAME_SEQUENCES: Pairs = {
    "defaults": (_numbered(), _numbered(start=1, increment=1, minvalue=1, cache=1, cycle=False, data_type=BigInteger)),
    "down": (_numbered(increment=-1), _numbered(increment=-1, start=-1, maxvalue=-1)),
}


@each(SEQUENCES)
def test_sequences(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME_SEQUENCES)
def test_sequences_that_are_the_same(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


FOUND = """
    CREATE TYPE their_enum AS ENUM ('a', 'b');
    CREATE DOMAIN their_domain AS int;
    CREATE TYPE their_type AS (a their_enum, b text);
    CREATE SEQUENCE their_numbers;
    CREATE TABLE theirs (id serial, state their_enum, other int GENERATED ALWAYS AS IDENTITY, place their_type);
"""


def test_what_nobody_declared_is_left_alone(run: Run) -> None:
    keep = {"include_name": lambda name, kind, _: kind != "table" or name != "theirs"}
    revision = run(_without(), _priced(), found=FOUND, **keep)
    assert "their" not in revision.upgrade


def test_numbers_of_columns_are_no_sequences_of_their_own(run: Run) -> None:
    keep = {"include_name": lambda name, kind, _: kind != "table" or name != "theirs"}
    numbered = "CREATE TABLE theirs (id serial, other int GENERATED ALWAYS AS IDENTITY)"
    revision = run(_without(), _numbered(), found=numbered, tenantry_claimed_schemas={"public"}, **keep)
    assert "theirs" not in revision.upgrade + revision.downgrade
