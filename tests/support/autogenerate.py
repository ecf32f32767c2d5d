"""Compare and run: what autogenerate writes is executed, forward and back, on a real database."""

import difflib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import alembic.op
import sqlalchemy
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import URL, Connection, Engine, MetaData, NullPool
from tests.support.snapshot import snapshot

TEMPLATE = "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"


@dataclass(frozen=True)
class Revision:
    """What autogenerate wrote: runnable code."""

    upgrade: str
    downgrade: str

    @property
    def is_empty(self) -> bool:
        return "pass" in self.upgrade and "(" not in self.upgrade


class Comparison:
    """A database and the code that autogenerate writes for it."""

    def __init__(self, connection: Connection, **options: object) -> None:
        self.connection = connection
        self.options = options

    def context(self, **options: object) -> MigrationContext:
        return MigrationContext.configure(
            connection=self.connection,
            opts={
                "autogenerate_plugins": ["alembic.autogenerate.*", "tenantry.autogenerate"],
                "compare_type": True,
                "compare_server_default": True,
                **self.options,
                **options,
            },
        )

    def revision(self, metadata: MetaData) -> Revision:
        """The revision that leads from what the database holds to what the metadata declares."""
        context = self.context(target_metadata=metadata)
        script = produce_migrations(context, metadata)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        upgrade = render_python_code(script.upgrade_ops, migration_context=context)
        downgrade = render_python_code(script.downgrade_ops, migration_context=context)
        return Revision(upgrade, downgrade)

    def operations(self, metadata: MetaData) -> list[MigrateOperation]:
        """The operations of that revision, in order."""
        script = produce_migrations(self.context(target_metadata=metadata), metadata)
        assert script.upgrade_ops is not None
        return [found for transaction in script.upgrade_ops.ops for found in getattr(transaction, "ops", ())]

    def run(self, code: str) -> None:
        """Execute what stands in upgrade() or downgrade()."""
        with Operations.context(self.context()):
            exec(compile(f"{TEMPLATE}{IMPORTS}{_dedented(code)}", "<revision>", "exec"), {})  # noqa: S102

    def script_of(self, code: str) -> str:
        """The SQL of upgrade() or downgrade() as `--sql` writes it."""
        buffer = io.StringIO()
        context = MigrationContext.configure(
            dialect_name="postgresql",
            dialect_opts={"paramstyle": "named"},
            opts={"as_sql": True, "literal_binds": True, "output_buffer": buffer, **self.options},
        )
        with Operations.context(context):
            exec(compile(f"{TEMPLATE}{IMPORTS}{_dedented(code)}", "<revision>", "exec"), {})  # noqa: S102
        return buffer.getvalue()

    def execute(self, statements: str) -> None:
        """Run plain SQL."""
        self.connection.exec_driver_sql(statements, execution_options={"no_parameters": True})

    def migrate_to(self, metadata: MetaData) -> Revision:
        revision = self.revision(metadata)
        self.run(revision.upgrade)
        return revision


IMPORTS = (
    "from tenantry.autogenerate.column_types import ExistingType\n"
    "from tenantry.autogenerate.definitions import *\n"
    "from tenantry.autogenerate.ops import create, drop, replace\n"
    "from tenantry.autogenerate.text_block import text_block\n"
)


def _dedented(code: str) -> str:
    """Rendered code is indented for the body of a function; ``if True:`` takes it as it is."""
    return "if True:\n    " + code + "\n"


@contextmanager
def comparing(url: URL, **options: object) -> Iterator[Comparison]:
    with _engine(url).connect() as connection:
        yield Comparison(connection, **options)


@cache
def _engine(url: URL) -> Engine:
    """One for all comparisons of a database: it remembers how the queries of reflection compile."""
    return sqlalchemy.create_engine(url, poolclass=NullPool)


@dataclass(frozen=True)
class Place:
    """Where a comparison runs, and what of it is looked at."""

    url: URL
    tables: Sequence[str]
    found: str
    options: Mapping[str, object]


@dataclass(frozen=True)
class Journey:
    """A revision that was run, and what the database was before and after it."""

    start: list[str]
    revision: Revision
    end: list[str]


def compare_and_run(
    url: URL, before: MetaData, after: MetaData, *tables: str, found: str = "", **options: object
) -> Revision:
    """From `before` to `after` and back, and the other way round: each step lands exactly where a fresh start does.

    Nothing is committed.

    :param tables: tables whose rows are compared as well.
    :param found: SQL that makes what was there before anything of ours.
    :return: the revision from `before` to `after`.
    """
    there, back = (_journey(Place(url, tables, found, options), *pair) for pair in ((before, after), (after, before)))
    assert_same(there.end, back.start, there.revision.upgrade)
    assert_same(back.end, there.start, back.revision.upgrade)
    return there.revision


def _journey(place: Place, before: MetaData, after: MetaData) -> Journey:
    with comparing(place.url, **place.options) as comparison:
        comparison.execute(place.found)
        comparison.migrate_to(before)
        start = snapshot(comparison.connection, *place.tables)
        revision = comparison.migrate_to(after)
        end = snapshot(comparison.connection, *place.tables)
        assert comparison.revision(after).is_empty, comparison.revision(after).upgrade
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection, *place.tables), start, revision.downgrade)
        return Journey(start, revision, end)


def assert_same(actual: list[str], expected: list[str], code: str) -> None:
    difference = "\n".join(difflib.unified_diff(expected, actual, "expected", "actual", lineterm="", n=0))
    assert not difference, f"{difference}\n\n{code}"


__all__ = ["Comparison", "Revision", "alembic", "compare_and_run", "comparing"]
