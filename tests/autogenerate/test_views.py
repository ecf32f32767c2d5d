"""Views and materialised views."""

from typing import Any

import pytest
from sqlalchemy import URL, Column, Integer, MetaData, Table, Text, select, table
from sqlalchemy.sql import column
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each
from tests.support.snapshot import snapshot

from tenantry.ddl import DeclarationError, Function, Grant, View, ViewIndex

QUERY = "SELECT id, title FROM documents"


def view(definition: Any = QUERY, *, name: str = "v", to: str = "", **attributes: Any) -> Declare:
    def declare(metadata: MetaData) -> None:
        made = View(name, definition, **attributes, metadata=metadata)
        if to:
            Grant("select", to=to, on=made, metadata=metadata)

    return declare


def _v(definition: Any = QUERY, **attributes: Any) -> MetaData:
    return documents(also=view(definition, **attributes))


def _views(*views: Declare) -> MetaData:
    return documents(also=all_of(*views))


VIEWS: Pairs = {
    "created": (documents(), _v()),
    "created with everything": (
        documents(),
        _v(security_barrier=True, check_option="cascaded", comment="It's.", to="pg_monitor"),
    ),
    "query": (_v(), _v(QUERY + " WHERE state = '50% open:'")),
    "column added": (_v(), _v("SELECT id, title, state FROM documents", to="")),
    "column removed": (
        _v(to="pg_monitor", comment="C."),
        _v("SELECT id FROM documents", to="pg_monitor", comment="C."),
    ),
    "column renamed": (_v(), _v("SELECT id, title AS name FROM documents")),
    "column of another type": (_v(), _v("SELECT id::bigint, title FROM documents")),
    "columns exchanged": (_v(), _v("SELECT title, id FROM documents")),
    "star": (_v("SELECT * FROM documents"), _v("SELECT d.*, 1 AS one FROM documents d")),
    "invoker": (_v(security_invoker=False), _v()),
    "barrier": (_v(), _v(security_barrier=True)),
    "check option added": (_v(), _v(check_option="local")),
    "check option changed": (_v(check_option="local"), _v(check_option="cascaded")),
    "comment added": (_v(), _v(comment="It's 100% %s :sure \\.")),
    "comment changed": (_v(comment="Old."), _v(comment="New.")),
    "comment kept": (_v(comment="C."), _v(QUERY + " WHERE id > 1", comment="C.")),
    "grant kept": (_v(to="pg_monitor"), _v(QUERY + " WHERE id > 1", to="pg_monitor")),
    "to another schema": (_v(), _v("SELECT id, title FROM public.documents", schema="other")),
    "quoted": (
        _v(name="Odd view", schema="Odd Schema", comment="C.", to="pg_monitor"),
        _v('SELECT id AS "Odd id" FROM documents', name="Odd view", schema="Odd Schema", comment="C.", to="pg_monitor"),
    ),
    "recursive": (
        documents(),
        _v("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 9) SELECT n FROM t"),
    ),
    "semicolon": (documents(), _v(QUERY + ";\n")),
    "column comments": (
        _v(column_comments={"id": "Old.", "title": "Gone."}),
        _v(column_comments={"id": "It's 100% %s :sure \\."}, comment="C."),
    ),
    "column comments of a rebuilt view": (
        _v(column_comments={"id": "I."}),
        _v("SELECT id::bigint, title FROM documents", column_comments={"id": "I."}),
    ),
    "sqlalchemy": (
        documents(),
        _v(select(column("id")).select_from(table("documents")).where(column("title") == "50%: it's")),
    ),
}

MATERIALISED: Pairs = {
    "created": (documents(), _v(materialized=True, comment="It's.", to="pg_monitor")),
    "query": (
        _v(materialized=True, comment="C.", to="pg_monitor"),
        _v(QUERY + " WHERE id > 1", materialized=True, comment="C.", to="pg_monitor"),
    ),
    "column": (_v(materialized=True), _v("SELECT id FROM documents", materialized=True)),
    "comment": (_v(materialized=True, comment="Old."), _v(materialized=True, comment="New.")),
    "column comments": (_v(materialized=True), _v(materialized=True, column_comments={"id": "I."})),
    "made one": (_v(comment="C.", to="pg_monitor"), _v(materialized=True, comment="C.", to="pg_monitor")),
    "under a view": (
        _views(view(name="m", materialized=True), view("SELECT id FROM m", name="a", comment="On a.", to="pg_monitor")),
        _views(
            view(QUERY + " WHERE id > 1", name="m", materialized=True),
            view("SELECT id FROM m", name="a", comment="On a.", to="pg_monitor"),
        ),
    ),
}


def _chain(query: str, *, top: str = "SELECT id FROM b", **attributes: Any) -> MetaData:
    """Each view reads the next in the alphabet's opposite direction of need."""
    return _views(
        view(top, name="a", comment="On a.", to="pg_monitor"),
        view("SELECT id, title FROM c", name="b", security_barrier=True, to="pg_monitor"),
        view(query, name="c", comment="On c.", **attributes),
    )


def _z(metadata: MetaData) -> None:
    Function("z", arguments="int", returns="int", body="SELECT $1", metadata=metadata)


def _reader(metadata: MetaData) -> None:
    body = "BEGIN ATOMIC SELECT count(title) FROM v; END"
    reader = Function("a_reader", returns="bigint", body=body, comment="Reads.", metadata=metadata)
    Grant("execute", to="pg_monitor", on=reader, metadata=metadata)


def _indexed(*indexes: ViewIndex, query: str = QUERY, **attributes: Any) -> MetaData:
    return _v(query, materialized=True, indexes=indexes, **attributes)


ONE = ViewIndex("one", "id")

INDEXES: Pairs = {
    "created": (_indexed(), _indexed(ONE)),
    "created with its view": (
        documents(),
        _indexed(ONE, ViewIndex("Two", "title", comment="It's 5%."), schema="other"),
    ),
    "created with everything": (
        _indexed(),
        _indexed(
            ViewIndex(
                "one",
                "lower(title) text_pattern_ops DESC NULLS LAST, id",
                unique=True,
                include="title",
                nulls_not_distinct=True,
                where="title <> '50% :x' AND id > 1",
                comment="C.",
            )
        ),
    ),
    "columns": (_indexed(ONE), _indexed(ViewIndex("one", "id, title"))),
    "unique": (_indexed(ONE), _indexed(ViewIndex("one", "id", unique=True))),
    "method": (_indexed(ONE), _indexed(ViewIndex("one", "id", using="hash"))),
    "predicate": (_indexed(ONE), _indexed(ViewIndex("one", "id", where=column("id") > 5))),
    "expression": (_indexed(ViewIndex("one", "lower(title)")), _indexed(ViewIndex("one", "(lower(title) || 'x')"))),
    "comment": (_indexed(ONE), _indexed(ViewIndex("one", "id", comment="C."))),
    "rebuilt with its view": (
        _indexed(ONE, to="pg_monitor"),
        _indexed(ONE, query=QUERY + " WHERE id > 1", to="pg_monitor"),
    ),
    "changed with its view": (
        _indexed(ONE, ViewIndex("two", "title")),
        _indexed(ViewIndex("one", "other"), query="SELECT id AS other FROM documents"),
    ),
    "view no longer materialised": (_indexed(ONE), _v()),
    "renamed": (_indexed(ONE, schema="other"), _indexed(ViewIndex("Odd one", "id"), schema="other")),
    "view renamed": (_indexed(ONE), _indexed(ONE, name="w")),
    "exchanged": (_indexed(ONE, schema="Odd Schema"), _indexed(ViewIndex("Odd one", "title"), schema="Odd Schema")),
}

SAME_INDEXES: Pairs = {
    "spelling": (
        _indexed(ViewIndex("one", "id ASC, LOWER( title )", where="id in (1, 2)")),
        _indexed(ViewIndex("one", "id, lower(title)", using="BTREE", where="id = ANY (ARRAY[1, 2])")),
    ),
    "opclass that is the default": (_indexed(ViewIndex("one", "title")), _indexed(ViewIndex("one", "title text_ops"))),
}

CHAINS: Pairs = {
    "created": (documents(), _chain(QUERY)),
    "query at the bottom": (_chain(QUERY), _chain(QUERY + " WHERE id > 1")),
    "column type at the bottom": (_chain(QUERY), _chain("SELECT id::bigint, title FROM documents")),
    "column added at the bottom": (_chain(QUERY), _chain("SELECT id, title, state FROM documents")),
    "bottom and top": (
        _chain(QUERY),
        _chain("SELECT id, upper(title) AS title, 1 AS x FROM documents", top="SELECT id, title FROM b"),
    ),
    "bottom materialised": (_chain(QUERY), _chain(QUERY, materialized=True)),
    "bottom loses its view": (
        _chain(QUERY),
        _views(view("SELECT id FROM b", name="a", comment="On a.", to="pg_monitor"), view(name="b")),
    ),
    "turned round": (
        _views(view(name="a"), view("SELECT id, title FROM a", name="b")),
        _views(view("SELECT id, title FROM b", name="a"), view(name="b")),
    ),
    "calls a function": (
        documents(),
        documents(also=all_of(view("SELECT z(id) AS z FROM documents", name="a"), _z)),
    ),
    "read by a function": (
        _views(view(), _reader),
        _views(view("SELECT id::bigint, title FROM documents"), _reader),
    ),
}


def _table(name: str) -> MetaData:
    metadata = MetaData()
    Table(name, metadata, Column("id", Integer, primary_key=True), Column("title", Text))
    return metadata


def _view_named(name: str) -> MetaData:
    return declaring(view("SELECT 1 AS id, 'x'::text AS title", name=name))


PLACES: Pairs = {"a table becomes a view of the same name": (_table("v"), _view_named("v"))}

SAME: Pairs = {
    "spelling": (_v("select   documents.id, title from public.documents"), _v(QUERY)),
    "condition": (_v(QUERY + " WHERE id in (1,2)"), _v(QUERY + " WHERE (documents.id = ANY (ARRAY[1, 2]))")),
    "materialised": (
        _v("select id from documents", materialized=True),
        _v("SELECT (id) FROM documents", materialized=True),
    ),
}


@each(VIEWS)
def test_views_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(MATERIALISED)
def test_materialised_views_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(CHAINS)
def test_what_reads_a_view_is_rebuilt_with_it(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(INDEXES)
def test_indexes_of_materialised_views_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME_INDEXES)
def test_an_index_that_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def test_only_a_materialised_view_has_indexes() -> None:
    with pytest.raises(DeclarationError, match="only a materialised view"):
        _v(indexes=[ONE])


DRIFT = ("security_invoker = off", "security_barrier = 1", "check_option = 'LOCAL'")


@pytest.mark.parametrize("options", DRIFT)
def test_options_changed_by_hand_are_put_back(shared_database: URL, options: str) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_v())
        start = snapshot(comparison.connection)
        comparison.execute(f"ALTER VIEW v SET ({options})")
        comparison.migrate_to(_v())
        assert comparison.revision(_v()).is_empty
        assert snapshot(comparison.connection) == start


def test_options_spelled_otherwise_are_no_change(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_v())
        comparison.execute("ALTER VIEW v SET (security_invoker = yes, security_barrier = f)")
        assert comparison.revision(_v()).is_empty


def test_comparing_does_not_run_the_query_of_a_materialised_view(shared_database: URL) -> None:
    query = "SELECT {}::int AS one FROM documents WHERE id / 0 = 1"
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_v(query.format("id"), materialized=True))
        comparison.execute("INSERT INTO tenants VALUES (1); INSERT INTO documents (tenant_id) VALUES (1)")
        assert comparison.revision(_v(query.format("(id)"), materialized=True)).is_empty


@each(PLACES)
def test_a_name_is_free_before_it_is_taken(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
