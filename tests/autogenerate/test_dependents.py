"""Everything at once: what hangs on tables and columns, whatever the names."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic.autogenerate import produce_migrations
from alembic.operations import Operations
from sqlalchemy import (
    URL,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Interval,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import assert_same, comparing
from tests.support.cases import Declare, Pairs, declaring, each
from tests.support.snapshot import snapshot

from tenantry.autogenerate.transaction import TransactionOps
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


def _checked(*items: Any, returns: str = "int", value: Any = Integer, there: bool = True) -> MetaData:
    """Items that go on a table with a column `value`, next to a function `f` of it."""
    metadata = MetaData()
    Table("items", metadata, Column("id", Integer, primary_key=True), Column("value", value), *items, RowSecurity())
    if there:
        body = f"SELECT i::{returns}"
        function = Function(
            "f", arguments="i int", returns=returns, body=body, volatility="immutable", metadata=metadata
        )
        Grant("execute", to="pg_monitor", on=function, metadata=metadata)
    return metadata


def _summed(*items: Any, **more: Any) -> MetaData:
    """With a generated column that much hangs on."""
    return _checked(
        Column("total", Integer, Computed("value + 1", persisted=True), comment="It's 100%.", nullable=False),
        Index("ix_total", text("total DESC")),
        CheckConstraint("total > 0", name="ck_total"),
        UniqueConstraint("total", name="uq_total"),
        Policy("reads", using="total > 1"),
        Trigger("t", before="update", of="total", execute="suppress_redundant_updates_trigger()"),
        Grant("select", columns="total", to="pg_monitor"),
        *items,
        **more,
    )


def _referring(kind: Any) -> MetaData:
    metadata = MetaData()
    Table("parents", metadata, Column("id", Integer, primary_key=True), Column("code", kind, unique=True))
    key = ForeignKey("parents.code", name="fk", ondelete="CASCADE", comment="It's theirs.")
    Table("children", metadata, Column("id", Integer, primary_key=True), Column("code", kind, key))
    return metadata


CALLING: dict[str, Callable[[], Any]] = {
    "generated column": lambda: Column("g", Integer, Computed("f(id)", persisted=True)),
    "default": lambda: Column("d", BigInteger, server_default=text("f(1)")),
    "check": lambda: CheckConstraint("f(value) > 0", name="ck"),
    "nameless check": lambda: CheckConstraint("f(value) > 0"),
    "index": lambda: Index("ix", text("f(value)")),
    "partial index": lambda: Index("ix", "value", unique=True, postgresql_where=text("f(value) > 1")),
    "exclusion": lambda: ExcludeConstraint((text("f(value)"), "="), name="ex", using="btree"),
    "policy": lambda: Policy("p", using="f(value) > 0"),
    "trigger": lambda: Trigger(
        "t", before="update", when="f(NEW.value) > 0", execute="suppress_redundant_updates_trigger()"
    ),
}

EXPRESSIONS: Pairs = {
    **{
        f"{name} of a function rebuilt": (_checked(item()), _checked(item(), returns="bigint"))
        for name, item in CALLING.items()
    },
    **{f"{name} and function gone": (_checked(item()), _checked(there=False)) for name, item in CALLING.items()},
    "what a generated column is made of": (_summed(), _summed(value=BigInteger)),
    "generated column and what it is made of gone": (_summed(), _orders()),
    "both sides of a foreign key": (_referring(Time), _referring(Interval)),
    "both sides of a foreign key that fit": (_referring(SmallInteger), _referring(Integer)),
}

HUNG_BY_OTHERS = """
    CREATE TABLE logs (id int);
    CREATE RULE "Their rule" AS ON INSERT TO items WHERE NEW.value > 5 DO ALSO INSERT INTO logs VALUES (f(NEW.id));
    CREATE STATISTICS other."Their stats" ON (f(id)), value FROM items;
    CREATE PUBLICATION their_publication FOR TABLE items (id, value) WHERE (value > 3);
    CREATE VIEW their_view AS SELECT f(id) AS x, value FROM items;
    CREATE POLICY their_policy ON items USING (f(id) > 0 AND value > 0);
    GRANT SELECT ON their_view TO pg_monitor;
    COMMENT ON VIEW their_view IS 'Theirs.';
"""


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


@each(EXPRESSIONS)
def test_what_calls_a_function_or_is_made_of_a_column_is_rebuilt_with_it(
    run: Run, before: MetaData, after: MetaData
) -> None:
    run(before, after)


@pytest.mark.parametrize("change", [{"value": BigInteger}, {"returns": "bigint"}], ids=["column", "function"])
def test_what_others_hung_on_it_is_rebuilt_too(shared_database: URL, change: dict[str, Any]) -> None:
    there = {"include_name": lambda name, kind, _: kind != "table" or name != "logs"}
    with comparing(shared_database, **there) as comparison:
        comparison.migrate_to(_checked())
        comparison.execute(HUNG_BY_OTHERS)
        start = snapshot(comparison.connection)
        revision = comparison.migrate_to(_checked(**change))
        assert "cascade" not in revision.upgrade.lower()
        changed = set(snapshot(comparison.connection)) ^ set(start)
        assert not [line for line in changed if "row of tenantry_ledger" in line and "their" in line]
        hung = [line for line in changed if line.startswith(("rule", "statistics", "publication", "relation"))]
        assert not hung
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection), start, revision.downgrade)


OPEN = """
    SELECT c.relname FROM pg_class c WHERE c.relname IN ('orders', 'lines')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    AND (EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner) OR EXISTS (
        SELECT FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND x.grantee <> c.relowner))
"""


@pytest.mark.parametrize(
    "after", [MetaData(), _orders(without=True), _orders(amount=BigInteger)], ids=["table", "column", "type"]
)
def test_nothing_is_open_for_a_moment(shared_database: URL, after: MetaData) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_orders())
        context = comparison.context(target_metadata=after)
        script = produce_migrations(context, after)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        for found in (*script.upgrade_ops.ops, *script.downgrade_ops.ops):
            assert isinstance(found, TransactionOps)
            for _, operation in found.commented():
                Operations(context).invoke(operation)
                assert comparison.connection.exec_driver_sql(OPEN).all() == [], operation


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
