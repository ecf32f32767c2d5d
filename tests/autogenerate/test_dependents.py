"""Everything at once: what hangs on tables and columns, whatever the names."""

from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, String, Table, Text
from tests.autogenerate.conftest import Run
from tests.support.cases import Declare, Pairs, declaring, each

from tenantry.ddl import Function, Grant, Policy, Procedure, Rows, RowSecurity, Trigger, View

STAMP = "BEGIN NEW.note := 'x'; RETURN NEW; END"


def _orders(*, amount: Any = Integer, extra: tuple[Any, ...] = (), without: bool = False) -> MetaData:
    """Orders and their lines; policies, views, triggers and functions use the column `amount`, if there is one."""
    metadata = MetaData()
    columns = [Column("amount", amount), *extra]
    hung = [
        Policy("reads", using="amount > 0", to="pg_monitor", comment="On orders."),
        Trigger("changes", before="update", of="amount", execute="stamp()", comment="Of."),
        Trigger("grows", before="update", when="NEW.amount > OLD.amount", execute="stamp()"),
        Grant("select, update", columns="amount", to="pg_monitor"),
    ]
    lines_policy = "EXISTS (SELECT FROM orders o WHERE o.id = order_id AND o.amount > 0)"
    orders = Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("note", Text),
        *([] if without else columns),
        RowSecurity(),
        *([] if without else hung),
        Grant("select", to="pg_monitor"),
    )
    Table(
        "lines",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("order_id", ForeignKey("orders.id")),
        RowSecurity(),
        Policy("of_orders", using="true" if without else lines_policy, comment="Elsewhere."),
    )
    Function("stamp", returns="trigger", language="plpgsql", body=STAMP, metadata=metadata)
    if not without:
        _readers(metadata)
    Rows(orders, [{"id": 1, "note": "first"}])
    return metadata


def _readers(metadata: MetaData) -> None:
    view = View("b_view", "SELECT id, amount FROM orders", comment="View.", metadata=metadata)
    Grant("select", to="pg_monitor", on=view, metadata=metadata)
    View("a_view", "SELECT sum(amount) AS total FROM b_view", security_barrier=True, metadata=metadata)
    View("kept", "SELECT max(amount) AS most FROM orders", materialized=True, comment="Kept.", metadata=metadata)
    body = "BEGIN ATOMIC SELECT sum(amount)::bigint FROM orders; END"
    total = Function("a_total", returns="bigint", body=body, comment="Sum.", metadata=metadata)
    Grant("execute", to="pg_monitor", on=total, metadata=metadata)


COLUMNS: Pairs = {
    "type changed": (_orders(), _orders(amount=BigInteger)),
    "dropped": (_orders(), _orders(without=True)),
    "another one added": (_orders(), _orders(extra=(Column("more", String(5), server_default="x"),))),
    "type changed and another added": (_orders(), _orders(amount=BigInteger, extra=(Column("more", Integer),))),
    "everything created": (MetaData(), _orders()),
}


def _tables(first: str, second: str) -> MetaData:
    """Everything that can hang on two tables, the names in one order or the other."""
    metadata = MetaData()
    parent = Table(
        first,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        RowSecurity(),
        Policy("p", using=f'"{first}_f"(id) > 0', comment="P."),
        Trigger("t", before="insert", execute=f'"{second}_t"()', comment="T."),
        Grant("select", to="pg_monitor"),
        comment="Parent.",
    )
    child = Table(
        second,
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("parent_id", ForeignKey(parent.c.id), comment="Whose."),
        RowSecurity(),
        Policy("p", using=f'parent_id IN (SELECT id FROM "{first}_v")'),
        Grant("update", columns="parent_id", to="pg_monitor"),
    )
    Function(f"{first}_f", arguments="int", returns="int", body="SELECT $1", metadata=metadata)
    Function(f"{second}_t", returns="trigger", language="plpgsql", body="BEGIN RETURN NEW; END", metadata=metadata)
    Procedure(f"{first}_p", body=f'BEGIN ATOMIC DELETE FROM "{second}"; END', metadata=metadata)
    view = View(f"{first}_v", f'SELECT id, "{first}_f"(id) AS f FROM "{first}"', metadata=metadata)
    View(f"{second}_v", f'SELECT f FROM "{first}_v"', comment="V.", metadata=metadata)
    Grant("select", to="pg_monitor", on=view, metadata=metadata)
    Rows(child, [{"id": 1, "parent_id": 1}])
    Rows(parent, [{"id": 1}])
    return metadata


NAMES = [("a", "z"), ("z", "a"), ("Select", "table"), ("parents", "Odd child's"), ("über", "x$y")]


@each(COLUMNS)
def test_what_uses_a_column_is_rebuilt_with_it(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "orders")


@pytest.mark.parametrize(("first", "second"), NAMES)
def test_tables_come_and_go_with_all_that_is_on_them(run: Run, first: str, second: str) -> None:
    run(MetaData(), _tables(first, second), f'"{first}"', f'"{second}"')


def _f(body: str) -> Declare:
    return lambda metadata: Function("f", returns="int", body=body, metadata=metadata)


UNDECLARED = """
    CREATE TABLE theirs (id int PRIMARY KEY);
    ALTER TABLE theirs ENABLE ROW LEVEL SECURITY;
    CREATE POLICY p ON theirs USING (true);
    CREATE FUNCTION their_f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE VIEW their_v AS SELECT 1 AS one;
    CREATE FUNCTION other.their_f() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


def test_what_nobody_declared_is_left_alone(run: Run) -> None:
    keep = {"include_name": lambda name, kind, _: kind != "table" or name != "theirs"}
    revision = run(declaring(), declaring(_f("SELECT 1")), found=UNDECLARED, **keep)
    assert "their" not in revision.upgrade


def test_in_a_claimed_schema_everything_is_ours(run: Run) -> None:
    keep = {"include_name": lambda name, kind, _: kind != "table" or name != "theirs"}
    revision = run(
        declaring(), declaring(_f("SELECT 1")), found=UNDECLARED, tenantry_claimed_schemas={"public"}, **keep
    )
    assert "other" not in revision.upgrade
