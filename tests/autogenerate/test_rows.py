"""Reference rows."""

import datetime as dt
import decimal
import enum
import uuid
from typing import Any

import pytest
from sqlalchemy import (
    ARRAY,
    URL,
    BigInteger,
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Time,
    Uuid,
    select,
)
from sqlalchemy.dialects.postgresql import ENUM, INT4RANGE, JSON, JSONB, TSTZRANGE, Range
from sqlalchemy.exc import DBAPIError
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each
from tests.support.snapshot import snapshot

from tenantry.autogenerate.scratch import ComparisonError
from tenantry.ddl import DeclarationError, Policy, Rows, RowSecurity

Row = dict[str, Any]


UUID_TEXT = Uuid(as_uuid=False)


class Colour(enum.Enum):
    RED = "red"


def _plans(*rows: Row, key: str | None = None, schema: str | None = None, keyed: str = "code") -> MetaData:
    metadata = MetaData()
    plans = Table(
        "plans",
        metadata,
        Column("code", Text, primary_key=keyed == "code"),
        Column("name", Text),
        Column("price", Numeric(10, 2), server_default="0"),
        Column("rank", Integer),
        schema=schema,
    )
    if rows:
        Rows(plans, rows, key=key)
    return metadata


FREE, PRO = {"code": "free", "name": "Free", "price": 0}, {"code": "pro", "name": "Pro", "price": 9.5, "rank": 2}

PLANS: Pairs = {
    "inserted": (_plans(), _plans(FREE, PRO)),
    "one more": (_plans(FREE), _plans(FREE, PRO)),
    "one less": (_plans(FREE, PRO), _plans(PRO)),
    "updated": (_plans(FREE, PRO), _plans({**FREE, "name": "Gratis"}, PRO)),
    "several updated": (_plans(FREE, PRO), _plans({**FREE, "name": None}, {**PRO, "price": 1, "rank": -1})),
    "null replaced": (_plans({**FREE, "rank": None}), _plans({**FREE, "rank": 7})),
    "value made null": (_plans(PRO), _plans({**PRO, "rank": None, "name": None})),
    "key changed": (_plans(FREE), _plans({**FREE, "code": "zero"})),
    "everything at once": (_plans(FREE, PRO), _plans({**PRO, "name": "X"}, {"code": "team", "name": "Team"})),
    "another key than the primary one": (_plans(FREE, PRO, key="name"), _plans({**FREE, "price": 5}, key="name")),
    "a table without primary key": (
        _plans(FREE, PRO, key="code", keyed=""),
        _plans({**FREE, "price": 5}, key="code", keyed=""),
    ),
}

TYPES: dict[str, tuple[Any, Any, Any]] = {
    "integer": (Integer, 0, -5),
    "bigint": (BigInteger, 2**62, -(2**62)),
    "numeric": (Numeric(12, 4), decimal.Decimal("0.1000"), decimal.Decimal("-12345.6789")),
    "float": (Float, 0.1, 1e-300),
    "boolean": (Boolean, True, False),
    "text": (Text, "x", "Zürich 日本 🎉"),
    "empty text": (Text, "", " "),
    "char": (String(5), "abc", "abc  "),
    "date": (Date, dt.date(2024, 2, 29), dt.date(1, 1, 1)),
    "time": (Time, dt.time(1, 2, 3), dt.time(23, 59, 59, 999999)),
    "timestamp": (DateTime, dt.datetime(2024, 1, 1, 12), dt.datetime(2024, 1, 1, 12, 0, 0, 5)),  # noqa: DTZ001
    "timestamp with time zone": (
        DateTime(timezone=True),
        dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
        dt.datetime(2024, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=5))),
    ),
    "interval": (Interval, dt.timedelta(days=1, seconds=5), dt.timedelta(seconds=-1)),
    "uuid": (Uuid, uuid.UUID(int=1), uuid.UUID(int=2)),
    "uuid as text": (UUID_TEXT, "A0000000-0000-0000-0000-000000000001", "a0000000000000000000000000000002"),
    "bytes": (LargeBinary, b"\x00\xff", b""),
    "json object": (JSONB, {"b": [1, None, {"c": "x:y"}], "a": True}, {"b": [1]}),
    "json array": (JSONB, [], [1, "2", None]),
    "json scalar": (JSONB, "text", 5),
    "json true": (JSONB, True, False),
    "json with quotes": (JSONB, {"q": 'it\'s \\ "x" %s'}, {"q": "line\nbreak\t"}),
    "plain json": (JSON, {"a": 1}, {"a": 2, "b": "ü"}),
    "array of text": (ARRAY(Text), ["a", "b c", 'd"e', "f\\g", "", "NULL", "{x}", "ü", "line\nbreak\t"], []),
    "array with null": (ARRAY(Integer), [1, None, 3], [1]),
    "array of arrays": (ARRAY(Integer, dimensions=2), [[1, 2], [3, 4]], [[5, 6]]),
    "array of booleans": (ARRAY(Boolean), [True, False], [False]),
    "range": (INT4RANGE, Range(1, 5), "empty"),
    "range of times": (TSTZRANGE, Range(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)), "(,2024-01-01 00:00:00+00]"),
    "enum": (ENUM("red", "odd; one", name="colour"), "red", "odd; one"),
    "enum member as text": (Text, Colour.RED, "blue"),
    "null": (Text, None, "x"),
}


def _valued(kind: Any, value: Any) -> MetaData:
    metadata = MetaData()
    table = Table("t", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("v", kind))
    Rows(table, [{"id": 1, "v": value}])
    return metadata


VALUES: Pairs = {name: (_valued(kind, one), _valued(kind, other)) for name, (kind, one, other) in TYPES.items()}


def _keyed(kind: Any, *values: Any) -> MetaData:
    metadata = MetaData()
    table = Table("t", metadata, Column("k", kind, primary_key=True), Column("v", Integer))
    Rows(table, [{"k": value, "v": 1} for value in values])
    return metadata


KEYS: Pairs = {
    "uuid in capitals": (_keyed(Uuid(as_uuid=False), "A0000000-0000-0000-0000-000000000001"), _keyed(Uuid)),
    "numeric with zeros": (_keyed(Numeric, "1.50"), _keyed(Numeric, "1.50", "2.0")),
    "date": (_keyed(Date, dt.date(2024, 1, 1)), _keyed(Date)),
    "text with quotes": (_keyed(Text, "it's", 'a "b"', "c\\d", "e:f", "%s", "ü\n"), _keyed(Text, "e:f")),
    "integer as text": (_keyed(Integer, "1"), _keyed(Integer, 1, 2)),
    "boolean": (_keyed(Boolean, True), _keyed(Boolean, True, False)),
}

SAME: Pairs = {
    "uuid": (
        _keyed(Uuid(as_uuid=False), "A0000000-0000-0000-0000-000000000001"),
        _keyed(Uuid, uuid.UUID("a0000000-0000-0000-0000-000000000001")),
    ),
    "numeric": (_plans({"code": "a", "price": 1}), _plans({"code": "a", "price": decimal.Decimal("1.00")})),
    "order of json": (_valued(JSONB, {"a": 1, "b": 2}), _valued(JSONB, {"b": 2, "a": 1})),
    "order of rows": (_plans(FREE, PRO), _plans(PRO, FREE)),
    "a column that is not declared": (_plans(FREE), _plans({"code": "free", "name": "Free"})),
    "time zone": (
        _valued(DateTime(timezone=True), dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)),
        _valued(DateTime(timezone=True), "2024-01-01 13:00+01"),
    ),
}


def _tree(*rows: tuple[str, Row]) -> MetaData:
    """Tables whose foreign keys go against the alphabet, one of them to itself."""
    metadata = MetaData()
    a = Table(
        "a",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("b_id", ForeignKey("b.id")),
        Column("parent", ForeignKey("a.id")),
    )
    b = Table(
        "b",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("c_x", Text, ForeignKey("c.x")),
        Column("twice", Integer, Computed("id * 2", persisted=True)),
    )
    c = Table("c", metadata, Column("x", Text, primary_key=True))
    for table in (a, b, c):
        found = [row for name, row in rows if name == table.name]
        if found:
            Rows(table, found)
    return metadata


C1, C2 = ("c", {"x": "one"}), ("c", {"x": "two"})
B1, B1_TWO = ("b", {"id": 1, "c_x": "one"}), ("b", {"id": 1, "c_x": "two"})
A1, A2 = ("a", {"id": 1, "b_id": 1, "parent": None}), ("a", {"id": 2, "b_id": 1, "parent": 1})

TREES: Pairs = {
    "everything": (_tree(), _tree(A1, A2, B1, C1)),
    "with the tables": (MetaData(), _tree(A1, A2, B1, C1)),
    "moved to a new row": (_tree(B1, C1), _tree(B1_TWO, C2, C1)),
    "moved away from a row that goes": (_tree(B1, C1, C2), _tree(B1_TWO, C2)),
    "one branch": (_tree(A1, B1, C1), _tree(B1, C1)),
    "a tree in one table": (_tree(A1, B1, C1), _tree(A1, A2, B1, C1)),
    "a child before its parent": (_tree(B1, C1), _tree(B1, C1, A2, A1)),
}


@each(PLANS)
def test_rows_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "plans")


@each(VALUES)
def test_values_of_every_type_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "t")


@pytest.mark.parametrize(
    ("kind", "value"), [pytest.param(kind, one, id=name) for name, (kind, one, _) in TYPES.items()]
)
def test_values_arrive_as_they_were_declared(shared_database: URL, kind: Any, value: Any) -> None:
    metadata = _valued(kind, value)
    with comparing(shared_database) as comparison:
        comparison.migrate_to(metadata)
        arrived = comparison.connection.execute(select(metadata.tables["t"].c.v)).scalar_one()
    expected = value.value if isinstance(value, Colour) else value
    assert arrived == (expected.lower() if kind is UUID_TEXT else expected)


@each(KEYS)
def test_rows_are_known_by_keys_of_every_type(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "t")


@each(TREES)
def test_rows_come_in_the_order_of_foreign_keys(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "a", "b", "c")


@each(SAME)
def test_what_means_the_same_is_no_change(shared_database: URL, before: MetaData, after: MetaData) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(before)
        assert comparison.revision(after).is_empty


@pytest.mark.parametrize("schema", ["other", "Odd Schema"])
def test_rows_in_another_schema_change(run: Run, schema: str) -> None:
    before, after = (_plans(*rows, schema=schema) for rows in ((FREE, PRO), ({**FREE, "name": "Gratis"},)))
    run(before, after, f'"{schema}".plans', include_schemas=True)


def test_rows_of_others_are_never_deleted(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_plans(FREE))
        comparison.execute("INSERT INTO plans VALUES ('theirs', 'Theirs'), ('pro', 'Their pro')")
        start = snapshot(comparison.connection, "plans")
        comparison.migrate_to(_plans(FREE, {"code": "pro", "name": "Their pro"}))
        assert snapshot(comparison.connection, "plans") == start
        comparison.migrate_to(_plans())
        left = comparison.connection.exec_driver_sql("SELECT code FROM plans ORDER BY code").scalars()
        assert list(left) == ["pro", "theirs"]


def test_a_row_that_was_there_already_is_only_corrected(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_plans())
        comparison.execute("INSERT INTO plans VALUES ('free', 'Found', 3, 4)")
        start = snapshot(comparison.connection, "plans")
        revision = comparison.migrate_to(_plans(FREE))
        assert "'Found'" in revision.upgrade
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection, "plans") == start


def test_a_row_that_somebody_deleted_comes_back(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_plans(FREE, PRO))
        start = snapshot(comparison.connection, "plans")
        comparison.execute("DELETE FROM plans WHERE code = 'pro'")
        comparison.migrate_to(_plans(FREE, PRO))
        assert snapshot(comparison.connection, "plans") == start


def _identified(*rows: Row, initial: str = "") -> MetaData:
    metadata = MetaData()
    table = Table(
        "plans",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("price", Integer),
        Column("twice", Integer, Computed("price * 2", persisted=True)),
    )
    if rows:
        Rows(table, rows, initial=initial)
    return metadata


def test_rows_keep_their_identity(run: Run) -> None:
    run(_identified(), _identified({"id": 7, "price": 1}, {"id": 3, "price": 2}), "plans")


def test_what_is_initial_is_left_to_those_who_change_it(shared_database: URL) -> None:
    one, dearer, two = {"id": 1, "price": 1}, {"id": 1, "price": 9}, {"id": 2, "price": 2}
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_identified(one, initial="price"))
        assert comparison.revision(_identified(dearer, initial="price")).is_empty
        comparison.execute("UPDATE plans SET price = 5")
        start = snapshot(comparison.connection, "plans")
        revision = comparison.migrate_to(_identified(dearer, two, initial="price"))
        prices = comparison.connection.exec_driver_sql("SELECT price FROM plans ORDER BY id").scalars()
        assert list(prices) == [5, 2]
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection, "plans") == start
        assert not comparison.revision(_identified(one)).is_empty


@pytest.mark.parametrize(("initial", "message"), [("id", "identifies a row"), ("colour", "does not exist")])
def test_only_columns_of_rows_are_initial(initial: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        _identified({"id": 1}, initial=initial)


OWNER = """
    CREATE ROLE case_owner; GRANT CREATE ON SCHEMA public TO case_owner; SET LOCAL ROLE case_owner;
"""


def _hidden(*rows: Row, force: bool = True) -> MetaData:
    metadata = _plans(*rows)
    RowSecurity(force=force)._set_parent(metadata.tables["plans"])
    return metadata


def test_rows_that_the_migration_does_not_see_are_an_error(shared_database: URL) -> None:
    changed = {**FREE, "name": "Gratis"}
    with comparing(shared_database) as comparison:
        comparison.execute(f"GRANT CREATE ON DATABASE {shared_database.database} TO PUBLIC; {OWNER}")
        comparison.migrate_to(_hidden(FREE, force=False))
        update = comparison.revision(_hidden(changed, force=False)).upgrade
        delete = comparison.revision(_hidden(force=False)).upgrade
        comparison.execute("ALTER TABLE plans FORCE ROW LEVEL SECURITY")
        for wanted in (_hidden(changed), _hidden()):
            with pytest.raises(ComparisonError, match=r"case_owner no row of plans.*declare a policy"):
                comparison.revision(wanted)
        for code in (update, delete):
            with (
                pytest.raises(DBAPIError, match=r"shows case_owner no row of plans"),
                comparison.connection.begin_nested(),
            ):
                comparison.run(code)
        comparison.execute("CREATE POLICY p ON plans USING (true)")
        comparison.run(update)
        assert comparison.connection.exec_driver_sql("SELECT name FROM plans").scalar() == "Gratis"


def test_a_row_that_is_gone_already_need_not_be_deleted(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_plans())
        revision = comparison.migrate_to(_plans(FREE, PRO))
        comparison.execute("DELETE FROM plans")
        comparison.run(revision.downgrade)


def test_row_security_does_not_hide_rows(run: Run) -> None:
    def guarded(*rows: Row) -> MetaData:
        metadata = _plans(*rows)
        for item in (RowSecurity(), Policy("p", using="code = 'free'", with_check="true")):
            item._set_parent(metadata.tables["plans"])
        return metadata

    run(guarded(FREE, PRO), guarded({**PRO, "name": "X"}), "plans")
