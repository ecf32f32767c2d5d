"""Views and materialised views."""

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, Text, select, table
from sqlalchemy.sql import column
from tests.autogenerate.conftest import Run
from tests.support.cases import Declare, Pairs, all_of, declaring, documents, each

from tenantry.ddl import Function, Grant, View

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


@each(PLACES)
def test_a_name_is_free_before_it_is_taken(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
