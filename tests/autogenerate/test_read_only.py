"""A database that may not be written is compared by way of another one, which is left as empty as it was."""

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, Column, Enum, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY
from tests.autogenerate.test_rules import AFTER, BEFORE
from tests.support.autogenerate import comparing
from tests.support.commands import Project
from tests.support.databases import fresh_database
from tests.support.servers import Server, standby_of
from tests.support.snapshot import snapshot

from tenantry.autogenerate.scratch import ComparisonError
from tenantry.ddl import Function, Policy, RowSecurity, View

READ_ONLY = "SET default_transaction_read_only = on; COMMIT; BEGIN"


@pytest.fixture
def scratch(server: Server) -> Iterator[URL]:
    """An empty database beside the one that is compared."""
    with fresh_database(server) as url:
        yield url


def _declaration(limit: int) -> MetaData:
    """Expressions that refer to types, views and functions, also of another schema."""
    metadata = MetaData()
    Table(
        "notes",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("state", Enum("draft", "done", name="state")),
        Column("tags", ARRAY(Text)),
        RowSecurity(),
        Policy("p", using=f"state = 'draft' AND app.limit_of(id) > {limit} AND id IN (SELECT id FROM drafts)"),
    )
    Function("limit_of", arguments="i int", returns="int", body="SELECT i", schema="app", metadata=metadata)
    View("drafts", f"SELECT id FROM notes WHERE state='draft' AND id>{limit}", metadata=metadata)
    return metadata


@pytest.mark.parametrize(("before", "after"), [(BEFORE, AFTER), (_declaration(1), _declaration(2))])
def test_a_database_that_may_not_be_written_is_compared(
    database: URL, scratch: URL, before: MetaData, after: MetaData
) -> None:
    with comparing(database) as comparison:
        comparison.execute("CREATE SCHEMA app")
        comparison.migrate_to(before)
        comparison.connection.commit()
        expected = comparison.revision(after)
    with comparing(scratch) as untouched:
        empty = snapshot(untouched.connection)
    with comparing(database, tenantry_scratch_url=scratch) as comparison:
        comparison.execute(READ_ONLY)
        assert comparison.revision(before).is_empty
        assert comparison.revision(after) == expected
    with comparing(scratch) as untouched:
        assert snapshot(untouched.connection) == empty


def test_a_standby_is_compared(scratch: URL) -> None:
    def fill(url: URL) -> None:
        with comparing(url) as comparison:
            comparison.migrate_to(BEFORE)
            comparison.connection.commit()

    with standby_of(fill) as url:
        with comparing(url) as comparison, pytest.raises(ComparisonError, match="TENANTRY_SCRATCH_URL"):
            comparison.revision(AFTER)
        with comparing(url, tenantry_scratch_url=scratch) as comparison:
            assert comparison.revision(BEFORE).is_empty
            assert not comparison.revision(AFTER).is_empty


def test_without_another_one_it_is_said_what_helps(database: URL) -> None:
    with comparing(database) as comparison:
        comparison.migrate_to(BEFORE)
        comparison.connection.commit()
        comparison.execute(READ_ONLY)
        with pytest.raises(ComparisonError, match="may not be written: set TENANTRY_SCRATCH_URL"):
            comparison.revision(AFTER)


def test_a_scratch_database_that_is_used_otherwise_is_refused(database: URL) -> None:
    with comparing(database, tenantry_scratch_url=database) as comparison:
        comparison.execute("CREATE TABLE something (id int)")
        comparison.connection.commit()
        with pytest.raises(ComparisonError, match="is not empty"):
            comparison.revision(AFTER)


def test_a_scratch_database_that_does_not_answer_is_said(database: URL) -> None:
    nowhere = database.set(database="nowhere")
    with (
        comparing(database, tenantry_scratch_url=nowhere) as comparison,
        pytest.raises(ComparisonError, match="does not answer"),
    ):
        comparison.revision(AFTER)


def test_alembic_check_compares_it(project: Project, migrated_database: URL, scratch: URL) -> None:
    """All of our schema, on the embedded server or wherever TENANTRY_SCRATCH_URL says."""
    with comparing(migrated_database) as comparison:
        name = migrated_database.database
        comparison.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        comparison.connection.commit()
    project.use(migrated_database)
    assert "TENANTRY_SCRATCH_URL" in project.run("tenantry", "check").failure
    project.environment["TENANTRY_SCRATCH_URL"] = scratch.render_as_string(hide_password=False)
    project.run("tenantry", "check").succeeded()
