"""Statements of a migration run ahead of Python, and nobody notices but the clock."""

import pytest
from tests.runtime.conftest import Deployment

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"

COUNTED = """op.create_table("first", sa.Column("id", sa.Integer))
    count = op.get_bind().scalar(sa.text("SELECT count(*) FROM pg_class WHERE relname = 'first'"))
    op.create_table(f"second_{count}", sa.Column("id", sa.Integer))"""

REFUSED = """op.create_table("first", sa.Column("id", sa.Integer))
    op.add_column("missing", sa.Column("name", sa.Text))
    op.create_table("second", sa.Column("id", sa.Integer))"""

COMMENTED = """op.create_table("first", sa.Column("id", sa.Integer), comment="100% :sure %s")
    op.bulk_insert(sa.table("first", sa.column("id", sa.Integer)), [{"id": 1}, {"id": 2}])
    op.create_table_comment("note", "50%", existing_comment=None)"""

SEVERAL = """op.create_table("first", sa.Column("id", sa.Integer))
    op.execute("INSERT INTO first VALUES (1); INSERT INTO first VALUES (2)")"""

CAUGHT = """try:
        with op.get_bind().begin_nested():
            op.create_table("first", sa.Column("id", sa.Integer))
            op.add_column("missing", sa.Column("name", sa.Text))
    except sa.exc.DBAPIError:
        op.create_table("second", sa.Column("id", sa.Integer))"""


def _upgrade(deployment: Deployment, code: str) -> None:
    deployment.project.write_revision("two", "one", f"import sqlalchemy as sa\n    {code}")


def test_what_needs_a_result_sees_everything_before_it(deployment: Deployment) -> None:
    _upgrade(deployment, COUNTED)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert ("second_1",) in deployment.execute(TABLES)


def test_a_refused_statement_is_the_one_that_is_named_and_nothing_stays(deployment: Deployment) -> None:
    _upgrade(deployment, REFUSED)
    failure = deployment.project.run("alembic", "upgrade", "head").failure
    assert 'relation "missing" does not exist, in: ALTER TABLE missing ADD COLUMN name' in failure
    assert deployment.execute(TABLES) == []


def test_the_last_statement_is_not_forgotten(deployment: Deployment) -> None:
    _upgrade(deployment, 'op.drop_table("missing")')
    failure = deployment.project.run("alembic", "upgrade", "head").failure
    assert 'table "missing" does not exist, in: DROP TABLE missing' in failure
    assert deployment.execute(TABLES) == []


def test_a_percent_sign_stays_single(deployment: Deployment) -> None:
    _upgrade(deployment, COMMENTED)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    comments = "SELECT obj_description(to_regclass(name), 'pg_class') FROM unnest(ARRAY['first', 'note']) AS t (name)"
    assert deployment.execute(comments) == [("100% :sure %s",), ("50%",)]
    assert deployment.execute("SELECT count(*) FROM first") == [(2,)]


def test_a_text_of_several_statements_runs(deployment: Deployment) -> None:
    _upgrade(deployment, SEVERAL)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert deployment.execute("SELECT id FROM first ORDER BY id") == [(1,), (2,)]


def test_a_savepoint_catches_what_was_sent_within_it(deployment: Deployment) -> None:
    _upgrade(deployment, CAUGHT)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    tables = deployment.execute(TABLES)
    assert ("second",) in tables
    assert ("first",) not in tables


ENV = """
from tenantry.runtime.migrations import run_migrations

run_migrations("nowhere:metadata")
"""


@pytest.fixture
def declared_nowhere(deployment: Deployment) -> Deployment:
    """A project whose declaration cannot be imported."""
    (deployment.project.directory / "alembic" / "env.py").write_text(ENV)
    return deployment


def test_an_upgrade_does_not_import_what_is_declared(declared_nowhere: Deployment) -> None:
    declared_nowhere.project.run("alembic", "upgrade", "head").succeeded()
    declared_nowhere.project.run("alembic", "downgrade", "base").succeeded()


def test_a_comparison_says_what_it_cannot_import(declared_nowhere: Deployment) -> None:
    declared_nowhere.project.run("alembic", "upgrade", "head").succeeded()
    failure = declared_nowhere.project.run("alembic", "check").failure
    assert failure == "nowhere:metadata: No module named 'nowhere'"


def test_what_a_revision_leaves_nameless_is_named_by_the_convention(declared_nowhere: Deployment) -> None:
    _upgrade(declared_nowhere, 'op.create_unique_constraint(None, "note", ["id"])')
    declared_nowhere.project.run("alembic", "upgrade", "head").succeeded()
    assert declared_nowhere.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'note'::regclass AND contype = 'u'"
    ) == [("uq_note_id",)]
