"""Partitioned tables and their partitions, declared or made by somebody else."""

from typing import Any

import pytest
from sqlalchemy import URL, Column, Date, DateTime, ForeignKeyConstraint, Integer, MetaData, Table, Text
from sqlalchemy.schema import SchemaItem
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each
from tests.support.snapshot import snapshot

from tenantry.autogenerate.scratch import ComparisonError
from tenantry.ddl import Function, Grant, Partition, Policy, Rows, RowSecurity, Trigger, View

JANUARY = "FROM ('2024-01-01') TO ('2024-02-01')"
FEBRUARY = "FROM ('2024-02-01') TO ('2024-03-01')"


def _events(*items: SchemaItem, by: str = "RANGE (day)", schema: str | None = None, name: str = "events") -> Any:
    """A partitioned table with an index."""
    return Table(
        name,
        MetaData(),
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("day", Date, primary_key=True),
        Column("kind", Text, index=True, comment="What happened."),
        *items,
        schema=schema,
        comment="Events.",
        postgresql_partition_by=by or None,
    )


def _split(*partitions: dict[str, Any], of: Any = None) -> MetaData:
    table = _events() if of is None else of
    for partition in partitions:
        Partition(**{"of": table, **partition})
    metadata: MetaData = table.metadata
    return metadata


def _nested(*items: SchemaItem, values: str = "FROM (0) TO (10)") -> MetaData:
    year = Partition(
        "events_2024", of=_events(*items), values="FROM ('2024-01-01') TO ('2025-01-01')", partition_by="RANGE (id)"
    )
    Partition("a_low", of=year, values=values)
    Partition("rest", of=year, comment="All others.")
    return year.table.metadata


FIRST: dict[str, Any] = {"name": "first", "values": JANUARY}
SECOND: dict[str, Any] = {"name": "Second; one", "values": FEBRUARY, "comment": "It's 100%."}
REST: dict[str, Any] = {"name": "rest"}


def _guarded(*partitions: dict[str, Any], force: bool = True) -> MetaData:
    reads = Policy("reads", using="id > 0")
    return _split(*partitions, of=_events(RowSecurity(force=force), reads, Grant("select", to="pg_monitor")))


def _by(by: str, *values: str) -> MetaData:
    return _split(*({"name": f"p{number}", "values": value} for number, value in enumerate(values)), of=_events(by=by))


PARTITIONS: Pairs = {
    "made with their table": (MetaData(), _split(FIRST, SECOND, REST)),
    "made with a guarded table": (MetaData(), _guarded(FIRST, REST)),
    "added": (_split(FIRST), _split(FIRST, SECOND)),
    "exchanged": (_split(FIRST), _split({**FIRST, "name": "other"})),
    "bounds changed": (_split(FIRST), _split({**FIRST, "values": FEBRUARY})),
    "made the default one": (_split({**FIRST, "name": "rest"}), _split(REST)),
    "bounds moved up": (
        _split(FIRST, SECOND),
        _split(
            {**FIRST, "values": "FROM ('2024-01-01') TO ('2024-01-15')"},
            {**SECOND, "values": "FROM ('2024-01-15') TO ('2024-03-01')"},
        ),
    ),
    "commented": (_split(FIRST), _split({**FIRST, "comment": "One month."})),
    "in another schema": (_split(), _split({**FIRST, "schema": "other"})),
    "of a table in another schema": (MetaData(), _split(FIRST, of=_events(schema="other"))),
    "by list": (MetaData(), _by("LIST (day)", "IN ('2024-01-01', '2024-01-02')", "IN (NULL)")),
    "by hash": (MetaData(), _by("HASH (id)", "WITH (MODULUS 2, REMAINDER 0)", "WITH (MODULUS 2, REMAINDER 1)")),
    "nested": (MetaData(), _nested()),
    "nested bounds changed": (_nested(), _nested(values="FROM (0) TO (20)")),
    "row security added": (_split(FIRST, REST), _guarded(FIRST, REST)),
    "row security no longer forced": (_guarded(FIRST), _guarded(FIRST, force=False)),
    "added to a guarded table": (_guarded(FIRST), _guarded(FIRST, SECOND)),
    "nested and guarded": (_nested(), _nested(RowSecurity())),
}  # fmt: skip

SAME: Pairs = {
    "spelling of bounds": (_split(FIRST), _split({**FIRST, "values": "from (DATE '2024-01-01') to ('2024-2-1')"})),
    "spelling of the key": (_split(), _split(of=_events(by='range("day")'))),
    "an expression": (_by("LIST (id)"), _by('LIST  ("id")')),
    "hash": (
        _by("HASH (id)", "WITH (MODULUS 2, REMAINDER 0)"),
        _by("hash(id)", "WITH (modulus 2, remainder 0)"),
    ),
}


@each(PARTITIONS)
def test_partitions_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, include_schemas=True)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def _stamped(when: str) -> MetaData:
    table = Table("t", MetaData(), Column("at", DateTime(timezone=True)), postgresql_partition_by="RANGE (at)")
    Partition("p", of=table, values=f"FROM ('{when}') TO (MAXVALUE)")
    return table.metadata


def test_bounds_are_compared_by_their_values(run: Run) -> None:
    assert run(_stamped("2024-01-01 00:00:00+00"), _stamped("2024-01-01 01:00:00+01")).is_empty
    assert not run(_stamped("2024-01-01 00:00:00+00"), _stamped("2024-01-01 01:00:00+00")).is_empty


def _with_everything(*partitions: dict[str, Any]) -> MetaData:
    table = _events(
        RowSecurity(),
        Policy("reads", using="tag() = kind"),
        Trigger("stamps", before="insert", execute="stamp()"),
        Grant("select, insert", to="pg_monitor"),
    )
    metadata = _split(*partitions, of=table)
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("event_id", Integer),
        Column("event_day", Date),
        ForeignKeyConstraint(["event_id", "event_day"], ["events.id", "events.day"]),
    )
    Function("tag", returns="text", body="SELECT 'x'", metadata=metadata)
    Function("stamp", returns="trigger", language="plpgsql", body="BEGIN RETURN NEW; END", metadata=metadata)
    View("all_events", "SELECT * FROM events", metadata=metadata)
    Rows(table, [{"id": 1, "day": "2024-01-05", "kind": "x"}])
    return metadata


COPIES: Pairs = {
    "created": (MetaData(), _with_everything(FIRST, REST)),
    "one more": (_with_everything(FIRST), _with_everything(FIRST, SECOND)),
}


@each(COPIES)
def test_partitions_have_copies_of_what_is_on_their_table_and_rows(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "events")


THEIRS = f"""
    CREATE TABLE theirs PARTITION OF events FOR VALUES {JANUARY};
    CREATE TABLE other.theirs PARTITION OF events FOR VALUES {FEBRUARY} PARTITION BY RANGE (id);
    CREATE TABLE inner_one PARTITION OF other.theirs DEFAULT;
"""


@pytest.mark.parametrize("options", [{}, {"include_schemas": True}, {"tenantry_claimed_schemas": {"public", "other"}}])
def test_partitions_of_others_are_left_alone(shared_database: URL, options: dict[str, Any]) -> None:
    with comparing(shared_database, **options) as comparison:
        comparison.migrate_to(_split(REST))
        comparison.execute(THEIRS)
        assert comparison.revision(_split(REST)).is_empty
        comparison.migrate_to(_split())
        left = comparison.connection.exec_driver_sql("SELECT relid::regclass::text FROM pg_partition_tree('events')")
        assert sorted(left.scalars()) == ["events", "inner_one", "other.theirs", "theirs"]


def test_partitions_of_others_go_with_their_table(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_guarded())
        start = snapshot(comparison.connection)
        comparison.execute(THEIRS)
        revision = comparison.migrate_to(MetaData())
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection) == start


OPEN = """
    SELECT c.oid::regclass::text FROM pg_class c WHERE c.relispartition AND c.relkind IN ('r', 'p')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND NOT EXISTS (
        SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 'pg_monitor'::regrole))
"""


@pytest.mark.parametrize("before", [_guarded(), _split()], ids=["guarded", "open before"])
def test_partitions_of_others_are_closed(shared_database: URL, before: MetaData) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(before)
        comparison.execute(THEIRS + "GRANT SELECT ON other.theirs TO pg_monitor, pg_read_all_stats;")
        revision = comparison.migrate_to(_guarded())
        assert "create(PartitionSecurity('events'" in revision.upgrade
        assert comparison.connection.exec_driver_sql(OPEN).all() == []
        assert comparison.revision(_guarded()).is_empty
        comparison.run(revision.downgrade)
        assert comparison.connection.exec_driver_sql(OPEN).all() == []
        comparison.execute("GRANT TRUNCATE ON theirs TO pg_monitor")
        assert "PartitionSecurity" in comparison.revision(_guarded()).upgrade


def test_a_revision_closes_the_partitions_that_another_database_has(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_split())
        upgrade = comparison.revision(_guarded()).upgrade
        comparison.execute(THEIRS)
        comparison.run(upgrade)
        assert comparison.connection.exec_driver_sql(OPEN).all() == []


OTHER_KEYS = {
    "column": ("RANGE (day)", "RANGE (id)", r"declared PARTITION BY RANGE \(id\).*has it PARTITION BY RANGE \(day\)"),
    "strategy": ("RANGE (id)", "LIST (id)", "events.*by hand"),
    "no longer": ("RANGE (id)", "", "declared without partitions"),
    "only now": ("", "LIST (id)", "the database has it without partitions"),
    "order of columns": ("RANGE (id, day)", "RANGE (day, id)", "events"),
}


@pytest.mark.parametrize(("there", "declared", "message"), OTHER_KEYS.values(), ids=list(OTHER_KEYS))
def test_another_key_is_refused(shared_database: URL, there: str, declared: str, message: str) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_split(of=_events(by=there)))
        with pytest.raises(ComparisonError, match=message):
            comparison.revision(_split(of=_events(by=declared)))


def test_comparing_locks_no_partition(shared_database: URL) -> None:
    locks = "SELECT DISTINCT mode FROM pg_locks WHERE relation IN (SELECT relid FROM pg_partition_tree('events'))"
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_guarded(FIRST))
        comparison.connection.begin_nested().commit()
        comparison.execute("CREATE TABLE theirs PARTITION OF events DEFAULT")
        before = set(comparison.connection.exec_driver_sql(locks).scalars())
        comparison.revision(_guarded({**FIRST, "values": "from ('2024-1-1') to ('2024-2-2')"}))
        assert set(comparison.connection.exec_driver_sql(locks).scalars()) <= before | {"AccessShareLock"}
