"""What a revision says of locks is true: each operation is run while another connection looks at what it holds."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy
from alembic.autogenerate import produce_migrations
from alembic.operations import Operations
from alembic.operations.ops import DropTableOp, MigrateOperation
from sqlalchemy import (
    URL,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    NullPool,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB, ExcludeConstraint
from sqlalchemy.schema import SchemaItem
from tests.support.autogenerate import Comparison, comparing
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.autogenerate.ops import DropOp
from tenantry.autogenerate.transaction import TransactionOps
from tenantry.ddl import Function, Grant, Owner, Partition, Policy, Rows, RowSecurity, Trigger, View

_WORDS = {
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}


def _items(*items: SchemaItem, kind: Any = None, more: Mapping[str, Any] | None = None) -> MetaData:
    """Documents of authors; the items are on the documents."""
    metadata = MetaData()
    Table("authors", metadata, Column("id", Integer, primary_key=True))
    documents = Table(
        "documents",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("author_id", Integer),
        Column("title", kind or String(10), **(more or {})),
        *items,
    )
    body = "BEGIN NEW.title := 'x'; RETURN NEW; END"
    Function("stamp", returns="trigger", language="plpgsql", body=body, metadata=metadata)
    Rows(documents, [{"id": 1, "title": "1"}])
    return metadata


def _view(definition: str, **options: Any) -> MetaData:
    metadata = _items()
    View("titles", definition, metadata=metadata, **options)
    return metadata


def _split(*partitions: int) -> MetaData:
    metadata = MetaData()
    events = Table("events", metadata, Column("at", Integer), postgresql_partition_by="RANGE (at)")
    for number in partitions:
        Partition(f"events_{number}", of=events, values=f"FROM ({number}) TO ({number + 1})")
    return metadata


def _other_table() -> MetaData:
    metadata = _items()
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("document_id", ForeignKey("documents.id"), index=True),
        RowSecurity(),
        Policy("p", using="true"),
        Trigger("t", before="insert", execute="stamp()"),
    )
    return metadata


def _trigger(name: str = "t", when: str = "NEW.id > 0", **options: Any) -> MetaData:
    return _items(Trigger(name, before="update", when=when, execute="stamp()", **options))


def _policy(name: str = "p", using: str = "id > 0", **options: Any) -> MetaData:
    return _items(RowSecurity(), Policy(name, using=using, **options))


@dataclass(frozen=True)
class Observer:
    """A second connection."""

    url: URL
    watching: Connection

    def run(self, comparison: Comparison, wanted: MetaData, *, and_back: bool = False) -> list[str]:
        """Migrate, and back if asked; the comments of each way, every one of which was true."""
        context = comparison.context(target_metadata=wanted)
        script = produce_migrations(context, wanted)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        said = []
        for way in (script.upgrade_ops, script.downgrade_ops) if and_back else (script.upgrade_ops,):
            lines = [line for found in way.ops for line in self._observed(comparison, Operations(context), found)]
            said.append("".join(f"{line}\n" for line in lines))
            comparison.connection.commit()
        return said

    def _observed(self, comparison: Comparison, operations: Operations, found: MigrateOperation) -> Iterator[str]:
        assert isinstance(found, TransactionOps)
        dropped = {inner.table_name for inner in found.ops if isinstance(inner, DropTableOp)}
        parts = (inner.definition for inner in found.ops if isinstance(inner, DropOp))
        dropped |= {part.identity for part in parts if part.kind == "partition"}
        pid = comparison.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        for comments, operation in found.commented():
            held, files = self._held(pid, dropped), _files(comparison.connection)
            operations.invoke(operation)
            taken = self._held(pid, dropped)
            rewritten = {name for name, file in _files(comparison.connection).items() if files.get(name, file) != file}
            text_of_comments = " ".join(comments).replace("\n# ", " ")
            claimed = {
                (table, mode)
                for mode, tables in re.findall(r"# ([A-Z ]+) on ([^:]+):", text_of_comments)
                for table in tables.split(", ")
            }
            stronger = _strongest(taken) - _strongest(held)
            assert stronger <= claimed <= taken, (stronger, claimed, taken)
            assert bool(rewritten) == ("is rewritten" in text_of_comments), (rewritten, text_of_comments)
            yield from comments

    def _held(self, pid: int, dropped: set[str]) -> set[tuple[str, str]]:
        """The locks on tables and views that others see, and notice."""
        query = (
            "SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
            " WHERE l.pid = %s AND c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
            " AND c.relname <> 'tenantry_ledger'"
        )
        found = self.watching.exec_driver_sql(query, (pid,))
        return {(name, _WORDS[mode]) for name, mode in found if mode in _WORDS and name not in dropped}


def _strongest(locks: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The one lock of each table that says it all."""
    weakest_first = sorted(locks, key=lambda lock: list(_WORDS.values()).index(lock[1]))
    return set(dict(weakest_first).items())


def _files(connection: Connection) -> dict[str, int]:
    """Where the rows of each table are."""
    query = "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
    return {str(name): int(file) for name, file in connection.exec_driver_sql(query)}


#: what changes, and the words that the way there and the way back are commented with
CASES: Mapping[str, tuple[MetaData, MetaData, str, str]] = {
    "row security": (_items(), _items(RowSecurity()), "until the commit", "until the commit"),
    "policy": (_items(RowSecurity()), _policy(), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "policy changed": (_policy(), _policy(using="id > 1"), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "policy rebuilt": (_policy(), _policy(command="select"), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "policy renamed": (_policy(), _policy("q"), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "comment on a policy": (_policy(using="true"), _policy(using="true", comment="P."), "", ""),
    "trigger": (_items(), _trigger(), "writers wait until the commit", "ACCESS EXCLUSIVE"),
    "trigger changed": (_trigger(), _trigger(when="NEW.id > 1"), "writers wait", "writers wait"),
    "trigger renamed": (_trigger(), _trigger("u"), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "grant": (_items(), _items(Grant("select", to="pg_monitor")), "", ""),
    "row": (_items(), _items(Column("n", Integer)), "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"),
    "column": (_items(), _items(Column("n", Integer, server_default="1")), "until the commit", "until the commit"),
    "column with the time": (
        _items(),
        _items(Column("at", Text, server_default=text("now()::text"))),
        "until the commit",
        "until the commit",
    ),
    "column with a random default": (
        _items(),
        _items(Column("n", Text, server_default=text("gen_random_uuid()::text"))),
        "while it is rewritten; cheaper: its default later",
        "until the commit",
    ),
    "identity": (_items(), _items(Column("n", Integer, Identity())), "while it is rewritten", "until the commit"),
    "generated column": (
        _items(),
        _items(Column("n", Integer, Computed("id + 1", persisted=True))),
        "while it is rewritten",
        "until the commit",
    ),
    "longer text": (_items(), _items(kind=String(20)), "until the commit", "while it is rewritten"),
    "any text": (_items(), _items(kind=Text), "until the commit", "while it is rewritten"),
    "more digits": (
        _items(kind=Numeric(5, 2)),
        _items(kind=Numeric(7, 2)),
        "until the commit",
        "while it is rewritten",
    ),
    "more decimals": (
        _items(kind=Numeric(5, 2)),
        _items(kind=Numeric(7, 3)),
        "while it is rewritten",
        "while it is rewritten",
    ),
    "larger integers": (_items(kind=Integer), _items(kind=BigInteger), "it is rewritten", "it is rewritten"),
    "binary json": (_items(kind=JSON), _items(kind=JSONB), "it is rewritten", "it is rewritten"),
    "not null": (
        _items(),
        _items(more={"nullable": False}),
        "while its rows are checked; cheaper: a valid CHECK",
        "until the commit",
    ),
    "default": (_items(), _items(more={"server_default": "x"}), "until the commit", "until the commit"),
    "comment on a column": (_items(), _items(more={"comment": "T."}), "", ""),
    "index": (
        _items(),
        _items(Index("i", "title")),
        "SHARE on documents: writers wait while the index is built; cheaper: CONCURRENTLY",
        "ACCESS EXCLUSIVE",
    ),
    "index renamed": (_items(Index("i", "title")), _items(Index("j", "title")), "", ""),
    "index on another expression": (
        _items(Index("i", text("lower(title)"))),
        _items(Index("i", text("upper(title)"))),
        "while the index is built",
        "while the index is built",
    ),
    "unique key": (
        _items(),
        _items(UniqueConstraint("title", name="u")),
        "while its index is built; cheaper: USING INDEX",
        "until the commit",
    ),
    "unique key renamed": (
        _items(UniqueConstraint("title", name="u")),
        _items(UniqueConstraint("title", name="v")),
        "until the commit",
        "until the commit",
    ),
    "check": (
        _items(),
        _items(CheckConstraint("id > 0", name="c")),
        "while its rows are checked; cheaper: NOT VALID first",
        "until the commit",
    ),
    "exclusion": (
        _items(),
        _items(ExcludeConstraint(("title", "="), name="x", using="btree")),
        "while its index is built\n",
        "until the commit",
    ),
    "foreign key": (
        _items(),
        _items(ForeignKeyConstraint(["author_id"], ["authors.id"], name="f")),
        "SHARE ROW EXCLUSIVE on documents, authors: writers wait while rows are checked",
        "ACCESS EXCLUSIVE on documents, authors: nobody reads or writes them until the commit",
    ),
    "foreign key to itself": (
        _items(),
        _items(ForeignKeyConstraint(["author_id"], ["documents.id"], name="f")),
        "SHARE ROW EXCLUSIVE on documents: writers wait while rows are checked",
        "ACCESS EXCLUSIVE on documents:",
    ),
    "a table that refers to it": (
        _items(),
        _other_table(),
        "SHARE ROW EXCLUSIVE on documents: writers wait until the commit",
        "ACCESS EXCLUSIVE on documents: nobody reads or writes it until the commit",
    ),
    "partition": (_split(1), _split(1, 2), "ACCESS EXCLUSIVE on events", "ACCESS EXCLUSIVE on events"),
    "owner": (_items(), _items(Owner("pg_monitor")), "ACCESS EXCLUSIVE on documents", "ACCESS EXCLUSIVE on documents"),
    "view": (_items(), _view("SELECT title FROM documents"), "", "ACCESS EXCLUSIVE on titles"),
    "view changed": (
        _view("SELECT title FROM documents"),
        _view("SELECT title FROM documents WHERE id > 0"),
        "ACCESS EXCLUSIVE on titles",
        "ACCESS EXCLUSIVE on titles",
    ),
    "materialised view": (
        _items(),
        _view("SELECT title FROM documents", materialized=True),
        "",
        "ACCESS EXCLUSIVE on titles",
    ),
}


@pytest.fixture(scope="module")
def observer(server: Server) -> Iterator[Observer]:
    """Somebody who looks at the locks of a database of its own."""
    with fresh_database(server) as url:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as watching:
            yield Observer(url, watching)


@pytest.mark.parametrize(("before", "after", "there", "back"), CASES.values(), ids=[n.replace(" ", "-") for n in CASES])
def test_what_is_said_of_locks_is_true(
    observer: Observer, before: MetaData, after: MetaData, there: str, back: str
) -> None:
    with comparing(observer.url) as comparison:
        observer.run(comparison, MetaData())
        observer.run(comparison, before)
        upgrade, downgrade = observer.run(comparison, after, and_back=True)
    assert there in upgrade if there else not upgrade, upgrade
    assert back in downgrade if back else not downgrade, downgrade


def test_nothing_is_said_twice_of_a_lock_that_is_held_until_the_commit(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_items())
        policies = [Policy(f"p{number}", using="true") for number in range(3)]
        revision = comparison.revision(_items(RowSecurity(), *policies))
    for code in (revision.upgrade, revision.downgrade):
        assert code.count("ACCESS EXCLUSIVE") == 1, code


def test_a_function_of_the_same_revision_may_be_what_gives_each_row_its_value(shared_database: URL) -> None:
    after = _items(Column("n", Text, server_default=text("f()")))
    Function("f", returns="text", body="SELECT 'x'", volatility="volatile", metadata=after)
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_items())
        assert "it is rewritten" in comparison.revision(after).upgrade
