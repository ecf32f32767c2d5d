"""What is known to go wrong where objects beside tables are migrated, named by what happens: here it does not."""

from collections.abc import Mapping

import pytest
from sqlalchemy import URL, BigInteger, CheckConstraint, Column, Integer, MetaData, Table, Text, func, select
from sqlalchemy.schema import CreateView, SchemaItem
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, all_of, declaring, documents

from tenantry.ddl import Function, Grant, Policy, Procedure, Rows, RowSecurity, Trigger, View, ViewIndex

STAMP = "BEGIN NEW.title := 'x'; RETURN NEW; END"
PATH = ("pg_catalog", "public", "pg_temp")


def _function(name: str = "f", **options: object) -> Declare:
    declared = {"returns": "int", "body": "SELECT 1", **options}
    return lambda metadata: Function(name, metadata=metadata, **declared)  # type: ignore[arg-type]


def _view(name: str = "v", definition: str = "SELECT id, title FROM documents", **options: object) -> Declare:
    return lambda metadata: View(name, definition, metadata=metadata, **options)  # type: ignore[arg-type]


def _procedure(metadata: MetaData) -> None:
    Procedure("p", arguments="IN a int, INOUT b int", body="SELECT 1", metadata=metadata)


def _trigger_function(metadata: MetaData) -> None:
    Function("stamp", returns="trigger", language="plpgsql", body=STAMP, metadata=metadata)


def _in_schema(schema: str, *items: SchemaItem) -> MetaData:
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True), *items, schema=schema)
    return metadata


def _typed(kind: type[Integer], *, used: bool = True) -> MetaData:
    """A column and all that PostgreSQL lets stand in the way of its type."""
    metadata = MetaData()
    items = (
        RowSecurity(),
        Policy("p", using="amount > 0"),
        Trigger("w", before="update", when="NEW.amount > 0", execute="stamp()"),
        Trigger("o", before="update", of="amount", execute="stamp()"),
        CheckConstraint("amount > 0", name="c"),
    )
    columns: list[SchemaItem] = [Column("id", Integer, primary_key=True), Column("title", Text)]
    if used:
        columns += [Column("amount", kind), *items]
    Table("orders", metadata, *columns)
    _trigger_function(metadata)
    if used:
        _view("plain", "SELECT amount FROM orders")(metadata)
        _view("kept", "SELECT amount FROM orders", materialized=True)(metadata)
        _function(returns="bigint", body="BEGIN ATOMIC SELECT sum(amount)::bigint FROM orders; END")(metadata)
    return metadata


def _rows(*rows: Mapping[str, object]) -> MetaData:
    metadata = MetaData()
    name, price = Column("name", Text, nullable=False), Column("price", Integer, nullable=False)
    Rows(Table("plans", metadata, Column("code", Text, primary_key=True), name, price), list(rows))
    return metadata


BASIC = {"code": "basic", "name": "Basic", "price": 1}
PRO = {"code": "pro", "name": "Pro", "price": 2}
EVERYTHING_NEW = documents(
    RowSecurity(),
    Policy("p", using="f(id) > 0 AND EXISTS (SELECT FROM a_view)"),
    Trigger("t", before="insert", execute="stamp()"),
    Grant("select", to="pg_monitor"),
    also=all_of(
        _trigger_function,
        _view("z_view"),
        _view("a_view", "SELECT id FROM z_view"),
        _function(arguments="i int", body="SELECT i"),
    ),
)

CHANGES: Mapping[str, tuple[MetaData, MetaData]] = {
    "a policy is made but row security is off": (
        documents(),
        documents(RowSecurity(force=False), Policy("p", using="true")),
    ),
    "row security is not forced": (documents(RowSecurity(force=False)), documents(RowSecurity())),
    "row security is turned off by the next run": (documents(RowSecurity()), documents(RowSecurity(), Policy("p"))),
    "parentheses are not compared": (
        documents(RowSecurity(), Policy("p", using="(id = 1 OR id = 2) AND tenant_id = 3")),
        documents(RowSecurity(), Policy("p", using="id = 1 OR (id = 2 AND tenant_id = 3)")),
    ),
    "upper case in a text is not compared": (
        documents(RowSecurity(), Policy("p", using="title = 'a'")),
        documents(RowSecurity(), Policy("p", using="title = 'A'")),
    ),
    "roles of a policy are not compared": (
        documents(RowSecurity(), Policy("p", using="true")),
        documents(RowSecurity(), Policy("p", using="true", to="pg_monitor")),
    ),
    "a clause of a policy cannot be taken away": (
        documents(RowSecurity(), Policy("p", using="id > 0", with_check="id > 1")),
        documents(RowSecurity(), Policy("p", using="id > 0")),
    ),
    "the expression of a check is not compared": (
        documents(CheckConstraint("id > 0", name="c")),
        documents(CheckConstraint("id > 1", name="c")),
    ),
    "another return type fails": (declaring(_function()), declaring(_function(returns="bigint"))),
    "a search_path is lost": (declaring(_function()), declaring(_function(search_path=PATH))),
    "a procedure cannot be read": (
        declaring(),
        declaring(_procedure),
    ),
    "braces and colons in a body are parameters": (
        declaring(),
        declaring(_function(returns="json", body="""SELECT '{"a":true, "b": ":x", "c": "%s"}'::json""")),
    ),
    "a backslash in a body becomes a control character": (
        declaring(),
        declaring(_function(returns="text", body=r"SELECT regexp_replace('a', '\ba\b\\n', E'\t')")),
    ),
    "tabs and margins of a body are lost": (
        declaring(),
        declaring(_function(language="plpgsql", body="\n\tBEGIN\n\t  RETURN '1\n   ';\n\tEND\n")),
    ),
    "options of a view are not compared": (
        documents(also=_view(security_invoker=False)),
        documents(also=_view(security_invoker=True, security_barrier=True)),
    ),
    "a changed view loses security_invoker": (
        documents(also=_view()),
        documents(also=_view(definition="SELECT id, title FROM documents WHERE id > 0")),
    ),
    "a materialised view loses its index": (
        documents(also=_view(materialized=True, indexes=[ViewIndex("i", "id", unique=True)])),
        documents(
            also=_view(
                definition="SELECT id, title, state FROM documents",
                materialized=True,
                indexes=[ViewIndex("i", "id", unique=True)],
            )
        ),
    ),
    "everything new in one revision fails": (MetaData(), EVERYTHING_NEW),
    "views on views come in alphabetical order": (
        documents(),
        documents(also=all_of(_view("z"), _view("a", "SELECT id FROM z"), _view("m", "SELECT id FROM a"))),
    ),
    "a view under others cannot be changed": (
        documents(also=all_of(_view("z"), _view("a", "SELECT id FROM z"))),
        documents(also=all_of(_view("z", "SELECT id::bigint AS id FROM documents"), _view("a", "SELECT id FROM z"))),
    ),
    "another type under views, policies and triggers fails": (_typed(Integer), _typed(BigInteger)),
    "dropping a column under views, policies and triggers fails": (_typed(Integer), _typed(Integer, used=False)),
    "a dropped table comes back open": (
        documents(RowSecurity(), Policy("p", using="id > 0"), Grant("select", to="pg_monitor")),
        MetaData(),
    ),
    "a grant on a table names every column": (documents(), documents(Grant("select", to="pg_monitor"))),
    "a grant on a column takes the whole table": (
        documents(Grant("select", to="pg_monitor")),
        documents(Grant("select", columns="title", to="pg_monitor")),
    ),
    "a deleted row comes back as a key": (_rows(BASIC, PRO), _rows(BASIC)),
    "a changed row comes back as it is now": (_rows(BASIC), _rows({**BASIC, "name": "Basis: 100%", "price": 3})),
}

SAME: Mapping[str, tuple[MetaData, MetaData]] = {
    "a check without a name is dropped": (documents(CheckConstraint("id > 0")), documents(CheckConstraint("id>0"))),
    "an unnamed check of a column is dropped": (
        documents(Column("n", Integer, CheckConstraint("n > 0"))),
        documents(Column("n", Integer, CheckConstraint("( n > 0 )"))),
    ),
    "overloads differ for ever": (
        declaring(_function(arguments="a int"), _function(arguments="a text")),
        declaring(_function(arguments="a text"), _function(arguments="a integer")),
    ),
    "a text for a tenant differs for ever": (
        documents(RowSecurity(), Policy("p", using="title = current_setting('app.tenant', true)")),
        documents(RowSecurity(), Policy("p", using="(title)::text=(current_setting('app.tenant'::text , TRUE))")),
    ),
    "types of another spelling differ for ever": (
        declaring(_function(arguments="a varchar, b timestamptz DEFAULT now()", returns="int4")),
        declaring(_function(arguments="a character varying, b timestamp with time zone = now()", returns="integer")),
    ),
}


@pytest.mark.parametrize(("before", "after"), CHANGES.values(), ids=[name.replace(" ", "-") for name in CHANGES])
def test_a_change_is_seen_and_goes_both_ways(run: Run, before: MetaData, after: MetaData) -> None:
    assert not run(before, after, "plans").is_empty


@pytest.mark.parametrize(("before", "after"), SAME.values(), ids=[name.replace(" ", "-") for name in SAME])
def test_what_is_the_same_stays(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


THEIRS = """
    CREATE EXTENSION pg_trgm;
    CREATE TABLE alembic_version (version_num text PRIMARY KEY); GRANT SELECT ON alembic_version TO pg_monitor;
    CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION theirs TO pg_monitor;
    CREATE VIEW their_view AS SELECT 1 AS one; GRANT SELECT ON their_view TO pg_monitor;
    CREATE TABLE other.theirs (id int); CREATE POLICY theirs ON other.theirs USING (true);
"""


def test_a_table_in_another_schema_gets_no_row_security(run: Run) -> None:
    after = _in_schema("other", RowSecurity(), Policy("p", using="id > 0"))
    assert "RowSecurity('notes', schema='other')" in run(_in_schema("other"), after, include_schemas=True).upgrade


def test_what_it_does_not_own_is_dropped(run: Run) -> None:
    revision = run(documents(), documents(Grant("select", to="pg_monitor")), found=THEIRS)
    assert not any(word in revision.upgrade for word in ("their", "similarity", "alembic_version"))


def test_what_include_name_leaves_out_is_dropped(run: Run) -> None:
    left_out = {"include_name": lambda name, kind, _: (name, kind) != ("kept", "table")}
    run(documents(), documents(RowSecurity()), found="CREATE TABLE kept (id int PRIMARY KEY)", **left_out)


def test_partitions_are_dropped(run: Run) -> None:
    partitioned = MetaData()
    Table("events", partitioned, Column("at", Integer), postgresql_partition_by="RANGE (at)")
    made_by_a_job = "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (1) TO (2)"
    with_index = MetaData()
    Table("events", with_index, Column("at", Integer, index=True), postgresql_partition_by="RANGE (at)")
    revision = run(
        partitioned, with_index, found="CREATE TABLE events (at int) PARTITION BY RANGE (at);" + made_by_a_job
    )
    assert "events_1" not in revision.upgrade


def test_a_view_of_sqlalchemy_is_created_as_a_table(run: Run) -> None:
    """It is there for queries; what migrates it is the View beside it."""

    def declared(*, view: bool) -> MetaData:
        metadata = documents()
        if view:
            query = select(func.lower(metadata.tables["documents"].c.title).label("title"))
            CreateView(query, "titles", metadata=metadata)
            View("titles", query, metadata=metadata)
        return metadata

    assert "create_table" not in run(declared(view=False), declared(view=True)).upgrade


def test_a_grant_of_somebody_else_differs_for_ever(shared_database: URL) -> None:
    """Only who granted a privilege can revoke it."""
    declared = documents(Grant("select", to="pg_monitor"))
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declared)
        comparison.execute("GRANT UPDATE ON documents TO pg_read_all_data WITH GRANT OPTION")
        comparison.execute("SET LOCAL ROLE pg_read_all_data; GRANT UPDATE ON documents TO pg_monitor; RESET ROLE")
        assert comparison.revision(declared).is_empty


def test_the_search_path_decides_what_differs(shared_database: URL) -> None:
    declared = documents(RowSecurity(), Policy("p", using="f() > 0"), also=_function())
    with comparing(shared_database) as comparison:
        comparison.migrate_to(declared)
        comparison.execute("SET LOCAL search_path = public, other, pg_catalog")
        assert comparison.revision(declared).is_empty
