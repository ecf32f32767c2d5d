"""What differs is said in words, one line an object, by `alembic check` and while a revision is written."""

from collections.abc import Mapping

import pytest
from sqlalchemy import URL, BigInteger, CheckConstraint, Column, Integer, MetaData, Table, Text
from tests.support.autogenerate import comparing
from tests.support.cases import declaring, documents

from tenantry.autogenerate.differences import in_words
from tenantry.ddl import Function, Grant, Policy, Rows, RowSecurity, Trigger, View


def _function(body: str, **options: str) -> MetaData:
    return declaring(
        lambda metadata: Function("f", returns="void", language="plpgsql", body=body, metadata=metadata, **options)  # type: ignore[arg-type]
    )


def _rows(**values: str) -> MetaData:
    metadata = MetaData()
    table = Table("plans", metadata, Column("code", Text, primary_key=True), Column("name", Text))
    Rows(table, [{"code": code, "name": name} for code, name in values.items()])
    return metadata


def _view(kind: type[Integer]) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", kind, primary_key=True))
    View("v", "SELECT id FROM t", metadata=metadata)
    return metadata


CASES: Mapping[str, tuple[MetaData, MetaData, list[str]]] = {
    "missing": (
        documents(),
        documents(RowSecurity(), Policy("reads", using="id > 0")),
        ["row security documents is missing in the database", "policy documents.reads is missing in the database"],
    ),
    "no longer declared": (
        documents(Policy("reads", using="id > 0")),
        documents(),
        ["policy documents.reads is in the database and no longer declared"],
    ),
    "clauses, but not those that are only spelled otherwise": (
        documents(Policy("reads", using="id > 0", with_check="id IN (1, 2)")),
        documents(Policy("reads", using="id > 1", with_check="id in (1,2)", to="pg_monitor")),
        [
            (
                "policy documents.reads: TO changed from nothing to 'pg_monitor', USING changed "
                "from '(id > 0)' to '(id > 1)'"
            )
        ],
    ),
    "what can only be dropped and created": (
        documents(Policy("reads", using="true")),
        documents(Policy("reads", using="true", command="select")),
        ["policy documents.reads: command changed from 'all' to 'select'"],
    ),
    "row security": (
        documents(RowSecurity(force=False)),
        documents(RowSecurity()),
        ["row security documents: force changed from no to yes"],
    ),
    "a name": (
        documents(Policy("reads", using="true")),
        documents(Policy("sees", using="true")),
        ["policy documents.reads is declared as policy documents.sees"],
    ),
    "a grant": (
        documents(),
        documents(Grant("select, update", to="pg_monitor")),
        ["grant: select, update on table documents to pg_monitor is missing in the database"],
    ),
    "a grant too many": (
        documents(Grant("select", to="pg_monitor, pg_read_all_data")),
        documents(Grant("select", to="pg_monitor")),
        ["grant: select on table documents to pg_read_all_data is in the database and no longer declared"],
    ),
    "the line of a body": (
        _function("\nBEGIN\n    PERFORM 1;\nEND"),
        _function("\nBEGIN\n    PERFORM  2;\nEND", security="definer"),
        [
            (
                "function f(): security changed from 'invoker' to 'definer', "
                "body, line 3, changed from 'PERFORM 1;' to 'PERFORM 2;'"
            )
        ],
    ),
    "a body that grew": (
        _function("BEGIN\nEND"),
        _function("BEGIN\nEND\n--"),
        ["function f(): body, line 3, changed from '' to '--'"],
    ),
    "something long": (
        documents(CheckConstraint(f"title <> '{'x' * 100}'", name="c")),
        documents(CheckConstraint("id > 0", name="c")),
        [f"constraint documents.c: definition changed from \"CHECK ((title <> '{'x' * 39}...\" to 'CHECK ((id > 0))'"],
    ),
    "a trigger": (
        documents(Trigger("t", before="update", of="title", execute="suppress_redundant_updates_trigger()")),
        documents(Trigger("t", before="update", execute="suppress_redundant_updates_trigger()")),
        ["trigger documents.t: UPDATE OF changed from 'title' to nothing"],
    ),
    "rows": (
        _rows(a="Ä", b="B", c="C"),
        _rows(a="A", c="C", d="D"),
        [
            "rows of plans: b is in the database and no longer declared",
            "rows of plans: a: name changed from 'Ä' to 'A'",
            "rows of plans: d is missing in the database",
        ],
    ),
    "what hangs on something else": (_view(Integer), _view(BigInteger), ["view v: what it uses changes"]),
}


@pytest.mark.parametrize(("before", "after", "lines"), CASES.values(), ids=[n.replace(" ", "-") for n in CASES])
def test_a_difference_is_a_line(shared_database: URL, before: MetaData, after: MetaData, lines: list[str]) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(before)
        assert sorted(in_words(comparison.operations(after))) == sorted(lines)
