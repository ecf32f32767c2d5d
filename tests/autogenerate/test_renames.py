"""What only gets another name is renamed: nothing is scanned, built or granted anew, and what uses it stays."""

from sqlalchemy import (
    URL,
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Declare, Pairs, all_of, documents, each

from tenantry.ddl import Function, Grant, Policy, Procedure, RowSecurity, Trigger, View

STAMP = "BEGIN NEW.title := 'x'; RETURN NEW; END"


def _stamp(metadata: MetaData) -> None:
    Function("stamp", returns="trigger", language="plpgsql", body=STAMP, metadata=metadata)


def _function(name: str, **options: object) -> Declare:
    def declare(metadata: MetaData) -> None:
        declared = {"arguments": "number int, more text DEFAULT 'x'", "returns": "int", "body": "SELECT number"}
        function = Function(name, **{**declared, **options}, metadata=metadata)  # type: ignore[arg-type]
        Grant("execute", to="pg_monitor", on=function, metadata=metadata)

    return declare


def _view(name: str, definition: str = "SELECT d.id, d.title FROM documents d", **options: object) -> Declare:
    def declare(metadata: MetaData) -> None:
        view = View(name, definition, comment="Kept.", metadata=metadata, **options)  # type: ignore[arg-type]
        Grant("select", to="pg_monitor", on=view, metadata=metadata)
        Grant("update", columns="title", to="pg_monitor", on=view, metadata=metadata)

    return declare


def _procedure(name: str) -> Declare:
    return lambda metadata: Procedure(name, arguments="IN a int", body="SELECT 1", metadata=metadata)


def _policies(*names: str) -> MetaData:
    options = ("select", "update", "delete")
    policies = [
        Policy(name, command=command, using="tenant_id > 0", to="pg_monitor", comment="Odd.")
        for name, command in zip(names, options, strict=False)
    ]
    return documents(RowSecurity(), *policies)


def _trigger(name: str) -> MetaData:
    trigger = Trigger(name, before="update", of="title", when="NEW.id IN (1, 2)", execute="stamp()", comment="T.")
    return documents(trigger, also=_stamp)


ONE_RENAME: Pairs = {
    "policy": (_policies("old"), _policies("new")),
    "policy with an odd name": (_policies('it\'s "old"'), _policies("New: 100%")),
    "trigger": (_trigger("old"), _trigger("new")),
    "check": (
        documents(CheckConstraint("title IN ('a', 'b')", name="old")),
        documents(CheckConstraint("title IN ('a', 'b')", name="Select")),
    ),
    "exclude": (
        documents(ExcludeConstraint((text("tenant_id"), "="), name="old", using="btree")),
        documents(ExcludeConstraint((text("tenant_id"), "="), name="new", using="btree")),
    ),
    "unique": (
        documents(UniqueConstraint("title", "state", name="old")),
        documents(UniqueConstraint("title", "state", name="new")),
    ),
    "unique, nulls not distinct": (
        documents(UniqueConstraint("title", name="old", postgresql_nulls_not_distinct=True)),
        documents(UniqueConstraint("title", name="Odd new", postgresql_nulls_not_distinct=True)),
    ),
    "index": (documents(Index("old", "title")), documents(Index("Odd new", "title"))),
    "index on an expression": (
        documents(Index("old", func.lower(literal_column("title")), unique=True, postgresql_where=text("id > 0"))),
        documents(Index("new", func.lower(literal_column("title")), unique=True, postgresql_where=text("id > 0"))),
    ),
    "function": (documents(also=_function("old")), documents(also=_function("new"))),
    "function in another schema": (
        documents(also=_function("old", schema="other")),
        documents(also=_function("new", schema="other")),
    ),
    "function with an odd name": (documents(also=_function('it\'s "old"')), documents(also=_function("New: 100%"))),
    "procedure": (documents(also=_procedure("old")), documents(also=_procedure("new"))),
    "view": (documents(also=_view("old")), documents(also=_view("new"))),
    "view in an odd schema": (
        documents(also=_view("old", schema="Odd Schema")),
        documents(also=_view("Odd 'new'", schema="Odd Schema")),
    ),
    "materialised view": (
        documents(also=_view("old", materialized=True)),
        documents(also=_view("new", materialized=True)),
    ),
}


def _used(function: str) -> MetaData:
    """A function that everything uses."""
    return documents(
        RowSecurity(),
        Policy("p", using=f"{function}(id) > 0"),
        Trigger("t", before="update", when=f"{function}(NEW.id) > 0", execute="stamp()"),
        CheckConstraint(f"{function}(id) > 0", name="c"),
        also=all_of(
            _stamp,
            _function(function, volatility="immutable"),
            lambda metadata: View("a", f"SELECT {function}(id) AS x FROM documents", metadata=metadata),
            lambda metadata: Function(
                "b", returns="int", body=f"RETURN (SELECT max({function}(id)) FROM documents)", metadata=metadata
            ),
        ),
    )


def _seen(view: str, materialized: bool = False) -> MetaData:
    """A view that others read."""
    return documents(
        RowSecurity(),
        Policy("p", using=f"id IN (SELECT {view}.id FROM {view} JOIN tenants USING (id))"),
        also=all_of(
            _view(view, materialized=materialized),
            _view("top", f"SELECT {view}.id, t.owner AS title FROM {view} JOIN tenants t ON t.id = {view}.id"),
            lambda metadata: View("a", f"SELECT count(*) AS x FROM {view}, top", metadata=metadata),
            lambda metadata: Function(
                "f", language="plpgsql", body=f"BEGIN PERFORM max(id) FROM {view}; END", metadata=metadata
            ),
        ),
    )


KEEPS_DEPENDENTS: Pairs = {
    "function": (_used("old"), _used("new")),
    "view": (_seen("old"), _seen("new")),
    "materialised view": (_seen("old", materialized=True), _seen("new", materialized=True)),
}

SEVERAL: Pairs = {
    "policies": (_policies("a", "b", "c"), _policies("b", "c", "d")),
    "a chain of policies": (_policies("a", "b"), _policies("x", "a")),
    "a policy and what it calls": (
        documents(RowSecurity(), Policy("old", using="f(id, 'x') > 0"), also=_function("f")),
        documents(RowSecurity(), Policy("new", using="g(id, 'x') > 0"), also=_function("g")),
    ),
    "view on view": (
        documents(also=all_of(_view("a"), _view("b", "SELECT id, title FROM a"))),
        documents(also=all_of(_view("x"), _view("y", "SELECT id, title FROM x"))),
    ),
}


def _read_by_text(view: str) -> MetaData:
    return documents(
        also=all_of(
            _view(view),
            lambda metadata: Function("f", returns="bigint", body=f"SELECT max(id) FROM {view}", metadata=metadata),
        )
    )


def _default(function: str) -> MetaData:
    column = Column("more", Integer, server_default=text(f"{function}(1)"))
    return documents(column, also=_function(function, volatility="immutable", arguments="number int"))


NOT_RENAMED: Pairs = {
    "a function that a column's default calls": (_default("old"), _default("new")),
    "a view that a function's text reads": (_read_by_text("old"), _read_by_text("new")),
    "a view in another schema that others read": (
        documents(also=all_of(_view("old", schema="other"), _view("top", "SELECT id, title FROM other.old"))),
        documents(also=all_of(_view("new", schema="other"), _view("top", "SELECT id, title FROM other.new"))),
    ),
    "of two that could be meant": (
        documents(RowSecurity(), Policy("a", using="true"), Policy("b", using="true")),
        documents(RowSecurity(), Policy("c", using="true"), Policy("d", using="true")),
    ),
    "one that could be either": (
        documents(RowSecurity(), Policy("a", using="true")),
        documents(RowSecurity(), Policy("c", using="true"), Policy("d", using="true")),
    ),
    "a policy for another command": (
        documents(RowSecurity(), Policy("a", using="id > 0", command="select")),
        documents(RowSecurity(), Policy("b", using="id > 0", command="delete")),
    ),
    "a policy that says something else": (
        documents(RowSecurity(), Policy("a", using="id > 0")),
        documents(RowSecurity(), Policy("b", using="id > 1")),
    ),
    "a comment": (
        documents(RowSecurity(), Policy("a", using="id > 0", comment="A.")),
        documents(RowSecurity(), Policy("b", using="id > 0", comment="B.")),
    ),
    "a policy whose column changes": (
        documents(Column("n", Integer), RowSecurity(), Policy("a", using="n > 0")),
        documents(Column("n", BigInteger), RowSecurity(), Policy("b", using="n > 0")),
    ),
}


@each(ONE_RENAME)
def test_what_has_only_another_name_is_renamed(run: Run, before: MetaData, after: MetaData) -> None:
    upgrade = run(before, after).upgrade
    assert upgrade.count("replace(") == 1, upgrade
    assert not any(word in upgrade for word in ("create", "drop")), upgrade


@each(KEEPS_DEPENDENTS)
def test_what_uses_it_stays(run: Run, before: MetaData, after: MetaData) -> None:
    upgrade = run(before, after).upgrade
    assert not any(word in upgrade for word in ("create(", "drop(")), upgrade


@each(SEVERAL)
def test_several_names_change_at_once(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(NOT_RENAMED)
def test_what_could_be_another_is_made_anew(run: Run, before: MetaData, after: MetaData) -> None:
    upgrade = run(before, after).upgrade
    assert "RENAME" not in upgrade
    assert "drop(" in upgrade or "op.drop" in upgrade


def test_a_materialised_view_keeps_its_rows_and_indexes(shared_database: URL) -> None:
    """Nothing but a rename would: what is created anew is filled anew."""
    before, after = ONE_RENAME["materialised view"]
    with comparing(shared_database) as comparison:
        comparison.migrate_to(before)
        comparison.execute("CREATE INDEX theirs ON old (id); INSERT INTO tenants VALUES (1)")
        comparison.execute("INSERT INTO documents (id, tenant_id) VALUES (1, 1); REFRESH MATERIALIZED VIEW old")
        comparison.execute("DELETE FROM documents")
        revision = comparison.migrate_to(after)
        indexes = "SELECT tablename FROM pg_indexes WHERE indexname = 'theirs'"
        assert comparison.connection.exec_driver_sql("SELECT id FROM new").scalars().all() == [1]
        assert comparison.connection.exec_driver_sql(indexes).scalars().all() == ["new"]
        comparison.run(revision.downgrade)
        assert comparison.connection.exec_driver_sql("SELECT id FROM old").scalars().all() == [1]


def test_what_somebody_else_made_is_not_taken_for_ours(run: Run) -> None:
    theirs = "CREATE FUNCTION theirs() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    one = documents(also=lambda metadata: Function("ours", returns="int", body="SELECT 1", metadata=metadata))
    assert "replace(" not in run(documents(), one, found=theirs).upgrade
