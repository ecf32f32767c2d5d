"""Enumerations, and what hangs on them."""

from typing import Any

from sqlalchemy import ARRAY, CheckConstraint, Column, Enum, Index, Integer, MetaData, Table, Text, text
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each

from tenantry.ddl import Function, Grant, Policy, Rows, RowSecurity, Trigger, View


def tasks(*labels: str, default: str | None = None, items: tuple[Any, ...] = (), **options: Any) -> MetaData:
    """A table with a column of the enumeration, and one of arrays of it."""
    metadata = MetaData()
    state = Enum(*labels, name=options.pop("name", "state"), **options)
    columns: list[Column[Any]] = []
    if labels:
        columns = [Column("state", state, server_default=default), Column("history", ARRAY(state))]
    Table("tasks", metadata, Column("id", Integer, primary_key=True), Column("title", Text), *columns, *items)
    return metadata


ENUMS: Pairs = {
    "created": (MetaData(), tasks("a", "b")),
    "created for a table that was there": (tasks(), tasks("a", "b", default="a")),
    "added at the end": (tasks("a", "b"), tasks("a", "b", "c")),
    "added at the start": (tasks("a", "b"), tasks("z", "a", "b")),
    "added in between": (tasks("a", "b"), tasks("a", "x", "y", "b", "z")),
    "removed": (tasks("a", "b", "c"), tasks("a", "c")),
    "reordered": (tasks("a", "b", "c"), tasks("c", "a", "b")),
    "odd": (tasks("it's", 'a"b'), tasks("it's", "50% :x", 'a"b', "back\\slash")),
}


@each(ENUMS)
def test_enumerations(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def _hung(*labels: str, first: str, last: str, default: str | None = None, **options: Any) -> MetaData:
    """A table with everything that can hang on an enumeration, using its first and its last value."""
    metadata = MetaData()
    state = Enum(*labels, name="state")
    table = Table(
        "tasks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("state", state, server_default=default or first, nullable=False, comment="How far."),
        Column("history", ARRAY(state), server_default=text(f"'{{{first}}}'")),
        Column("before", state),
        CheckConstraint(f"state <> '{last}' OR history IS NOT NULL", name="last_has_history"),
        CheckConstraint("state <> before", name="moved"),
        RowSecurity(),
        Policy("reads", using=f"state = '{first}'", to="pg_monitor", comment="Reads."),
        Policy("history", using=f"'{last}' = ANY (history)"),
        Trigger(
            "moves", before="update", of="state", when=f"NEW.state = '{last}'", execute="stamp()", comment="Moves."
        ),
        Grant("select, update", columns="state", to="pg_monitor"),
        Index("open_tasks", "id", postgresql_where=text(f"state = '{first}'")),
        Index("by_words", text("(state::text || 'x')")) if options.get("words") else Index("by_state", "state"),
    )
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        RowSecurity(),
        Policy("of_open", using=f"EXISTS (SELECT FROM tasks WHERE state = '{first}')"),
    )
    Function("stamp", returns="trigger", language="plpgsql", body="BEGIN RETURN NEW; END", metadata=metadata)
    done = Function(
        "done",
        arguments="s state",
        returns="boolean",
        body=f"RETURN s = '{last}'::state",
        comment="Done.",
        metadata=metadata,
    )
    Grant("execute", to="pg_monitor", on=done, metadata=metadata)
    view = View("open", f"SELECT id, state FROM tasks WHERE state = '{first}'", comment="Open.", metadata=metadata)
    Grant("select", to="pg_monitor", on=view, metadata=metadata)
    View("deep", "SELECT count(*) FROM open WHERE done(state)", materialized=True, metadata=metadata)
    Rows(table, [{"id": 1, "state": first, "history": [last]}, {"id": 2, "state": first, "history": [first, last]}])
    return metadata


HUNG: Pairs = {
    "created": (MetaData(), _hung("a", "b", first="a", last="b")),
    "added": (_hung("a", "b", first="a", last="b"), _hung("a", "b", "c", first="a", last="b")),
    "added and used": (_hung("a", "b", first="a", last="b"), _hung("a", "b", "c", first="a", last="c")),
    "added and used by rows": (_hung("a", "b", first="a", last="b"), _hung("z", "a", "b", first="z", last="b")),
    "removed": (_hung("a", "b", "c", first="a", last="b"), _hung("a", "b", first="a", last="b")),
    "reordered": (_hung("a", "b", "c", first="a", last="c"), _hung("c", "b", "a", first="a", last="c")),
    "renamed": (_hung("a", "b", first="a", last="b"), _hung("a", "z", first="a", last="z")),
    "all renamed": (_hung("a", "b", first="a", last="b"), _hung("y", "z", first="y", last="z")),
    "default changed to a new value": (
        _hung("a", "b", first="a", last="b"),
        _hung("a", "b", "c", first="a", last="b", default="c"),
    ),
    "default changed to another": (
        _hung("a", "b", first="a", last="b"),
        _hung("a", "b", "c", first="a", last="b", default="b"),
    ),
    "what a row has removed": (_hung("a", "b", "c", first="c", last="b"), _hung("a", "b", first="a", last="b")),
    "the default removed": (
        _hung("a", "b", "c", first="a", last="b", default="c"),
        _hung("a", "b", first="a", last="b"),
    ),
}


@each(HUNG)
def test_what_hangs_on_an_enumeration(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, "tasks")


def _granted(*labels: str, to: str = "") -> MetaData:
    state = Enum(*labels, name="state")
    metadata = MetaData()
    Table(
        "tasks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("state", state, server_default="a"),
        Column("history", ARRAY(state)),
    )
    if to:
        Grant("usage", to=to, on=state, metadata=metadata)
    return metadata


PRIVILEGES: Pairs = {
    "created": (MetaData(), _granted("a", "b", to="pg_monitor")),
    "converted": (_granted("a", "b", to="pg_monitor"), _granted("b", "a", to="pg_monitor")),
    "converted, open to everybody": (_granted("a", "b"), _granted("b", "a")),
    "to everybody": (_granted("a", "b", to="PUBLIC"), _granted("b", "a", to="PUBLIC")),
    "added": (_granted("a", to="pg_monitor"), _granted("a", "b", to="pg_monitor")),
}


@each(PRIVILEGES)
def test_who_may_use_an_enumeration(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def _typed(type_: Any, default: str | None = None) -> MetaData:
    metadata = MetaData()
    Table(
        "tasks",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("state", type_, server_default=default),
        CheckConstraint("state = 'a' OR state = 'b'", name="known"),
    )
    return metadata


COLUMNS: Pairs = {
    "text": (_typed(Text), _typed(Enum("a", "b", name="state"))),
    "text with a default": (_typed(Text, "a"), _typed(Enum("a", "b", name="state"), "a")),
    "another default": (_typed(Text, "x"), _typed(Enum("a", "b", name="state"), "a")),
    "a default comes": (_typed(Text), _typed(Enum("a", "b", name="state"), "a")),
    "another enumeration": (_typed(Enum("a", "b", name="state"), "a"), _typed(Enum("a", "b", "c", name="status"), "b")),
}


@each(COLUMNS)
def test_a_column_becomes_an_enumeration(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def test_a_value_that_is_added_is_one_statement(run: Run) -> None:
    revision = run(_hung("a", "b", first="a", last="b"), _hung("a", "x", "b", first="a", last="b"))
    assert revision.upgrade.count("replace(") == 1
    assert "drop(" not in revision.upgrade


def test_a_new_name_of_a_value_changes_nothing_else(run: Run) -> None:
    revision = run(_hung("a", "b", first="a", last="b"), _hung("a", "z", first="a", last="z"))
    assert revision.upgrade.count("(Enum(") == 1
    assert "Policy(" not in revision.upgrade + revision.downgrade
