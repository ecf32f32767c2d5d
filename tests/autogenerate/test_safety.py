"""Declarations that are unsafe by themselves are refused, with the object, the reason and what to do."""

from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import (
    URL,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import SchemaItem
from tests.support.cases import Declare
from tests.support.commands import Project

from tenantry.autogenerate.safety.rules import UnsafeDeclarationError, refuse_unsafe
from tenantry.ddl import DeclarationError, Exemption, Function, Grant, Policy, Procedure, RowSecurity, View

TENANT = "tenant_id = current_tenant()"
PATH = ("pg_catalog", "public", "pg_temp")


def _items(*items: SchemaItem, secured: bool = True, key: tuple[str, ...] = ("tenant_id", "id")) -> MetaData:
    """Projects and their tasks, of tenants; the tasks have these items."""
    metadata = MetaData()
    Table(
        "projects",
        metadata,
        Column("tenant_id", Integer, primary_key=True),
        Column("id", Integer, primary_key=True),
        RowSecurity(),
    )
    Table(
        "tasks",
        metadata,
        Column("tenant_id", Integer, nullable=False),
        Column("id", Integer, nullable=False),
        Column("project_id", Integer),
        Column("title", Text),
        Column("owner", Integer),
        PrimaryKeyConstraint(*key),
        *([RowSecurity()] if secured else []),
        *items,
    )
    Table("countries", metadata, Column("code", Text, primary_key=True), Column("name", Text, unique=True))
    return metadata


def _policies(*policies: Policy) -> MetaData:
    return _items(*policies)


def _key(*columns: str, to: tuple[str, ...], **options: str) -> MetaData:
    return _items(ForeignKeyConstraint(columns, [f"projects.{name}" for name in to], name="k", **options))  # type: ignore[arg-type]


def _also(*declarations: Declare) -> MetaData:
    metadata = _items()
    for declaration in declarations:
        declaration(metadata)
    return metadata


def _view(name: str, definition: str, *, invoker: bool = True, materialized: bool = False) -> Declare:
    return lambda metadata: View(
        name, definition, security_invoker=invoker, materialized=materialized, metadata=metadata
    )


def _definer(path: tuple[str, ...] | None, kind: type[Function] | type[Procedure] = Function) -> MetaData:
    return _also(lambda metadata: kind("f", body="SELECT", security="definer", search_path=path, metadata=metadata))


def _granted(to: str, kind: type[Function] | type[Procedure] = Function) -> MetaData:
    return _also(
        lambda metadata: Grant("execute", to=to, on=kind("f", body="SELECT", metadata=metadata), metadata=metadata)
    )


SEEN = Policy("reads", command="select", using=TENANT)

UNSAFE: Mapping[str, tuple[MetaData, str]] = {
    "no row security": (
        _items(secured=False),
        r"table tasks: belongs to tenants .* add RowSecurity\(\) \[row-security\]",
    ),
    "row security off": (_items(RowSecurity(enabled=False), secured=False), r"table tasks: .*\[row-security\]"),
    "row security said twice": (_items(RowSecurity(enabled=False)), r"table tasks: .*\[row-security\]"),
    "not forced": (_items(RowSecurity(force=False), secured=False), r"table tasks: .*owner: set force=True"),
    "a write that nobody sees": (
        _policies(SEEN, Policy("writes", command="insert", with_check="owner = me()")),
        r"table tasks, writes: lets rows be written .* with_check \[write-beyond-read\]",
    ),
    "no condition at all": (_policies(SEEN, Policy("writes", command="insert")), "tasks, writes: .*written"),
    "a second policy, OR-ed to the first": (
        _policies(
            SEEN,
            Policy("good", command="insert", with_check=TENANT),
            Policy("bad", command="insert", with_check="true"),
        ),
        "tasks, bad: .*written",
    ),
    "moved to another tenant": (
        _policies(SEEN, Policy("moves", command="update", using=TENANT, with_check="true")),
        "tasks, moves: .*written",
    ),
    "taken from another tenant": (
        _policies(SEEN, Policy("takes", command="update", using="true", with_check=TENANT)),
        "tasks, takes: lets rows be changed or deleted",
    ),
    "deleted unseen": (_policies(SEEN, Policy("deletes", command="delete", using="true")), "tasks, deletes: .*deleted"),
    "all, with a check of its own": (
        _policies(Policy("all", using=TENANT, with_check="owner = me()")),
        "tasks, all: .*written",
    ),
    "an alternative too many": (
        _policies(SEEN, Policy("writes", command="insert", with_check=f"{TENANT} OR owner = me()")),
        "tasks, writes: ",
    ),
    "the condition commented out": (
        _policies(SEEN, Policy("writes", command="insert", with_check=f"owner = me() -- AND {TENANT}\n AND true")),
        "tasks, writes: ",
    ),
    "the condition within a comment": (
        _policies(SEEN, Policy("writes", command="insert", with_check=f"true /* AND x AND {TENANT} AND y */ AND true")),
        "tasks, writes: ",
    ),
    "seen by another role only": (
        _policies(
            Policy("reads", command="select", using=TENANT, to="pg_monitor"),
            Policy("writes", command="insert", with_check=TENANT),
        ),
        "tasks, writes: ",
    ),
    "seen by one role of two": (
        _policies(
            Policy("reads", command="select", using=TENANT, to="one"),
            Policy("writes", command="insert", with_check=TENANT, to=("one", "two")),
        ),
        "tasks, writes: ",
    ),
    "a restrictive policy for reading only": (
        _policies(Policy("all", using="true"), Policy("floor", command="select", using=TENANT, restrictive=True)),
        "tasks, all: .*written[^$]*tasks, all: .*deleted",
    ),
    "a foreign key without the tenant": (
        _key("project_id", to=("id",)),
        r"table tasks, k: leaves tenant_id out, .* both sides \[tenant-in-foreign-key\]",
    ),
    "a foreign key across": (_key("owner", "project_id", to=("tenant_id", "id")), "tasks, k: leaves tenant_id out"),
    "a foreign key in a column": (
        _items(Column("other", ForeignKey("projects.id"))),
        r"tasks, foreign key \(other\): leaves tenant_id out",
    ),
    "a foreign key that empties the tenant": (
        _key("tenant_id", "project_id", to=("tenant_id", "id"), ondelete="SET NULL"),
        r"tasks, k: empties tenant_id as well: name the columns, as in SET NULL \(project_id\)",
    ),
    "a foreign key that defaults the tenant": (
        _key("tenant_id", "project_id", to=("tenant_id", "id"), onupdate="set default"),
        "tasks, k: empties tenant_id",
    ),
    "a primary key": (_items(key=("id",)), r"table tasks, primary key \(id\): .*\[tenant-in-unique-key\]"),
    "a unique constraint": (_items(UniqueConstraint("title", name="u")), "tasks, u: leaves tenant_id out"),
    "a unique column": (_items(Column("slug", Text, unique=True)), r"tasks, unique key \(slug\): "),
    "a unique index": (_items(Index("u", "title", unique=True)), "tasks, u: leaves"),
    "a unique index that only covers the tenant": (
        _items(Index("u", "title", unique=True, postgresql_include=["tenant_id"])),
        "tasks, u: leaves",
    ),
    "a unique index on an expression": (
        _items(Index("u", func.lower(literal_column("title")), unique=True, postgresql_where=text("tenant_id > 0"))),
        "tasks, u: leaves",
    ),
    "an exclusion": (_items(ExcludeConstraint(("title", "="), name="x", using="btree")), "tasks, x: leaves"),
    "an exclusion that the tenant is not equal in": (
        _items(ExcludeConstraint(("tenant_id", "<>"), ("title", "="), name="x")),
        "tasks, x: leaves",
    ),
    "a view as its owner": (
        _also(_view("v", "SELECT * FROM tasks", invoker=False)),
        r"view v: shows tasks past their row security: set security_invoker=True \[view-as-invoker\]",
    ),
    "a quoted table in a view": (
        _also(_view("v", 'SELECT 1 FROM public."tasks"', invoker=False)),
        "view v: shows tasks",
    ),
    "a materialised view": (
        _also(_view("v", "SELECT * FROM tasks", materialized=True)),
        "view v: keeps a copy of tasks",
    ),
    "a view on a view": (
        _also(_view("good", "SELECT * FROM tasks"), _view("bad", "SELECT * FROM good", invoker=False)),
        "view bad: shows good",
    ),
    "a materialised view on a view on a view": (
        _also(
            _view("a", "SELECT * FROM b"),
            _view("b", "SELECT * FROM tasks"),
            _view("c", "SELECT * FROM a", materialized=True),
        ),
        "view c: keeps a copy of a ",
    ),
    "a definer without search_path": (_definer(None), r"function f: .* set search_path \[definer-search-path\]"),
    "a procedure without search_path": (_definer(None, Procedure), "procedure f: .* set search_path"),
    "pg_temp left out": (_definer(("pg_catalog", "public")), "function f: .* put pg_temp last"),
    "pg_temp first": (_definer(("pg_temp", "public")), "function f: .* put pg_temp last"),
    "an empty path": (_definer(()), "function f: .* put pg_temp last"),
    "the caller's schema": (_definer(("$user", "public", "pg_temp")), r"function f: .* take \$user out"),
    "everybody executes a function": (_granted("PUBLIC"), r"function f: .* roles by name \[public-execute\]"),
    "everybody executes a procedure": (_granted("pg_monitor, public", Procedure), "procedure f: .* by name"),
}

SAFE: Mapping[str, MetaData] = {
    "as it should be": _items(),
    "a table of nobody's": _items(),
    "one policy for all": _policies(Policy("all", using=TENANT)),
    "one policy a command": _policies(
        SEEN,
        Policy("inserts", command="insert", with_check=f"{TENANT} AND owner = me()"),
        Policy("updates", command="update", using=f"({TENANT}) AND owner = me()"),
        Policy("deletes", command="delete", using="owner = me() and TENANT_ID  =  current_tenant( )"),
    ),
    "either of two that are both seen": _policies(
        Policy("reads", command="select", using=f"{TENANT} AND (owner = me() OR is_admin())"),
        Policy("writes", command="insert", with_check=f"{TENANT} AND is_admin()"),
    ),
    "each role sees what it writes": _policies(
        Policy("one", command="select", using=TENANT, to="one"),
        Policy("two", command="select", using="true", to="two"),
        Policy("writes", command="insert", with_check=TENANT, to=("one", "two")),
    ),
    "a restrictive floor for all": _policies(
        Policy("all", using="true"), Policy("floor", using=TENANT, restrictive=True)
    ),
    "no policy at all": _items(),
    "a composite foreign key": _key(
        "tenant_id", "project_id", to=("tenant_id", "id"), ondelete="SET NULL (project_id)"
    ),
    "the key in the other order": _key("project_id", "tenant_id", to=("id", "tenant_id"), ondelete="CASCADE"),
    "a foreign key to what is nobody's": _items(Column("country", ForeignKey("countries.code"))),
    "unique within the tenant": _items(UniqueConstraint("tenant_id", "title"), Index("i", "title")),
    "unique by an expression within the tenant": _items(
        Index("u", "tenant_id", func.lower(literal_column("title")), unique=True),
        Index("w", text("tenant_id, lower(title)"), unique=True),
    ),
    "exclusive within the tenant": _items(ExcludeConstraint(("tenant_id", "="), ("title", "="), using="btree")),
    "a view as whoever reads it": _also(_view("v", "SELECT * FROM tasks")),
    "a view of what is not secured": _also(_view("v", "SELECT code FROM countries", invoker=False)),
    "a copy of what is not secured": _also(_view("v", "SELECT code FROM countries", materialized=True)),
    "pg_temp last": _definer(PATH),
    "only pg_temp": _definer(("pg_temp",)),
    "granted by name": _granted("pg_monitor"),
}


@pytest.mark.parametrize(("metadata", "reason"), UNSAFE.values(), ids=[name.replace(" ", "-") for name in UNSAFE])
def test_what_is_unsafe_is_refused(metadata: MetaData, reason: str) -> None:
    with pytest.raises(UnsafeDeclarationError, match=reason):
        refuse_unsafe([metadata])


@pytest.mark.parametrize("metadata", SAFE.values(), ids=[name.replace(" ", "-") for name in SAFE])
def test_what_is_safe_is_accepted(metadata: MetaData) -> None:
    refuse_unsafe([metadata])


REASON = "Looked at and found harmless."

EXEMPTED: Mapping[str, MetaData] = {
    "a table": _items(Exemption("row-security", REASON), secured=False),
    "one policy": _items(
        SEEN,
        Policy("writes", command="insert", with_check="true"),
        Exemption("write-beyond-read", REASON, name="writes"),
    ),
    "all keys of a table": _items(
        UniqueConstraint("title", name="a"),
        Index("b", "owner", unique=True),
        Exemption("tenant-in-unique-key", REASON),
    ),
    "a view": _also(
        lambda metadata: Exemption(
            "view-as-invoker",
            REASON,
            on=View("v", "SELECT * FROM tasks", materialized=True, metadata=metadata),
            metadata=metadata,
        )
    ),
}


@pytest.mark.parametrize("metadata", EXEMPTED.values(), ids=[name.replace(" ", "-") for name in EXEMPTED])
def test_an_exemption_lets_it_pass(metadata: MetaData) -> None:
    refuse_unsafe([metadata])


TOO_LITTLE: Mapping[str, tuple[MetaData, str]] = {
    "another rule": (
        _items(Exemption("tenant-in-unique-key", REASON), secured=False),
        r"\[row-security\][^$]*the exemption from tenant-in-unique-key exempts nothing: remove it \[exemption\]",
    ),
    "another part": (
        _items(
            UniqueConstraint("title", name="a"),
            UniqueConstraint("owner", name="b"),
            Exemption("tenant-in-unique-key", REASON, name="a"),
        ),
        "^unsafe declaration:\n  table tasks, b: [^\n]*\nMend it",
    ),
    "another object": (
        _also(
            _view("v", "SELECT * FROM tasks", invoker=False),
            lambda metadata: Exemption(
                "view-as-invoker", REASON, on=View("w", "SELECT 1", metadata=metadata), metadata=metadata
            ),
        ),
        "view v: [^$]*view w: the exemption from view-as-invoker exempts nothing",
    ),
    "what is safe": (_items(Exemption("row-security", REASON)), "table tasks: the exemption .* remove it"),
    "no rule": (
        _items(Exemption("row_security", REASON)),
        r"table tasks: there is no rule row_security: did you mean row-security\?",
    ),
}


@pytest.mark.parametrize(("metadata", "reason"), TOO_LITTLE.values(), ids=[n.replace(" ", "-") for n in TOO_LITTLE])
def test_an_exemption_lets_nothing_else_pass(metadata: MetaData, reason: str) -> None:
    with pytest.raises(UnsafeDeclarationError, match=reason):
        refuse_unsafe([metadata])


@pytest.mark.parametrize(
    "exempt",
    [
        lambda: Exemption("row-security", " "),
        lambda: Exemption("view-as-invoker", REASON, on=View("v", "SELECT 1", metadata=MetaData())),
    ],
    ids=["no-reason", "no-metadata"],
)
def test_an_exemption_that_cannot_be_read_is_refused(exempt: Callable[[], Exemption]) -> None:
    with pytest.raises(DeclarationError, match="needs"):
        exempt()


def test_the_column_of_the_tenant_may_have_another_name() -> None:
    metadata = MetaData()
    Table("notes", metadata, Column("account", Integer, primary_key=True))
    refuse_unsafe([metadata])
    with pytest.raises(UnsafeDeclarationError, match="table notes"):
        refuse_unsafe([metadata], "account")


UNSAFE_ENV = """
from sqlalchemy import Column, Integer, MetaData, Table
from tenantry.runtime.migrations import run_migrations

metadata = MetaData()
Table("note", metadata, Column("tenant_id", Integer, primary_key=True))
run_migrations(metadata)
"""


@pytest.mark.parametrize(
    "command", [("check",), ("revision", "--autogenerate", "-m", "unsafe")], ids=["check", "revision"]
)
def test_alembic_refuses_what_is_unsafe(project: Project, database: URL, command: tuple[str, ...]) -> None:
    project.use(database)
    project.run("alembic", "upgrade", "head").succeeded()
    (project.directory / "alembic" / "env.py").write_text(UNSAFE_ENV)
    finished = project.run("alembic", *command)
    assert finished.code != 0
    assert "unsafe declaration:\n  table note: belongs to tenants but has no row security" in finished.out
    assert "Traceback" not in finished.out + finished.err
    assert len(list((project.directory / "alembic" / "versions").glob("*.py"))) == 1
