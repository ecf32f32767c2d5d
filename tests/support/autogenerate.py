"""Compare and run: what autogenerate writes is executed, forward and back, on a real database."""

import difflib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import alembic.op
import sqlalchemy
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.operations.ops import MigrationScript
from sqlalchemy import URL, Connection, MetaData, NullPool
from tests.support.snapshot import snapshot

TEMPLATE = "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"


@dataclass(frozen=True)
class Revision:
    """What autogenerate wrote: runnable code."""

    upgrade: str
    downgrade: str
    imports: str

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
                "autogenerate_plugins": ["alembic.autogenerate.*", "tenantry.*"],
                "compare_type": True,
                "compare_server_default": True,
                **self.options,
                **options,
            },
        )

    def script(self, metadata: MetaData) -> MigrationScript:
        return produce_migrations(self.context(target_metadata=metadata), metadata)

    def revision(self, metadata: MetaData) -> Revision:
        """The revision that leads from what the database holds to what the metadata declares."""
        script = self.script(metadata)
        imports: set[str] = set()
        context = self.context(target_metadata=metadata)
        assert script.upgrade_ops is not None
        assert script.downgrade_ops is not None
        upgrade = render_python_code(script.upgrade_ops, migration_context=context, imports=sorted(imports))
        downgrade = render_python_code(script.downgrade_ops, migration_context=context)
        return Revision(upgrade, downgrade, "")

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
    "from tenantry.autogenerate.definitions import *\n"
    "from tenantry.autogenerate.ops import create, drop, replace\n"
    "from tenantry.autogenerate.text_block import text_block\n"
)


def _dedented(code: str) -> str:
    """Rendered code is indented for the body of a function; ``if True:`` takes it as it is."""
    return "if True:\n    " + code + "\n"


@contextmanager
def comparing(url: URL, **options: object) -> Iterator[Comparison]:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield Comparison(connection, **options)


def compare_and_run(
    url: URL,
    scratch_url: URL,
    before: MetaData,
    after: MetaData,
    *tables: str,
    found: str = "",
    **options: object,
) -> Revision:
    """From `before` to `after` and back: each step lands exactly, and nothing remains to be done after it.

    Nothing is committed, so that both may be the same database.

    :param tables: tables whose rows are compared as well.
    :param found: SQL that makes what was there before anything of ours.
    """
    with comparing(scratch_url, **options) as other:
        other.execute(found)
        other.migrate_to(after)
        expected = snapshot(other.connection, *tables)
    with comparing(url, **options) as comparison:
        comparison.execute(found)
        comparison.migrate_to(before)
        start = snapshot(comparison.connection, *tables)
        assert comparison.revision(before).is_empty, comparison.revision(before).upgrade
        revision = comparison.migrate_to(after)
        assert_same(snapshot(comparison.connection, *tables), expected, revision.upgrade)
        assert comparison.revision(after).is_empty, comparison.revision(after).upgrade
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection, *tables), start, revision.downgrade)
        comparison.connection.rollback()
    return revision


def assert_same(actual: list[str], expected: list[str], code: str) -> None:
    difference = "\n".join(difflib.unified_diff(expected, actual, "expected", "actual", lineterm="", n=0))
    assert not difference, f"{difference}\n\n{code}"


__all__ = ["Comparison", "Revision", "alembic", "compare_and_run", "comparing"]
