"""Up, down and up again; as a script as well; everything belongs to the owner and nothing stays behind."""

from tests.runtime.conftest import Deployment
from tests.support.databases import fresh_database, run_script, schema_dump

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
FOREIGN = """
SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
WHERE c.relnamespace = 'public'::regnamespace AND r.rolname <> '{owner}'
"""
TEMPORARY = "SELECT has_database_privilege('public', current_database(), 'TEMPORARY')"


def test_everything_belongs_to_the_owner(deployment: Deployment) -> None:
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert deployment.execute(TABLES) == [("alembic_version",), ("note",), ("tenantry_ledger",)]
    assert deployment.execute(FOREIGN.format(owner=deployment.owner)) == []


def test_nobody_else_makes_temporary_tables(deployment: Deployment) -> None:
    assert deployment.execute(TEMPORARY) == [(True,)]
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert deployment.execute(TEMPORARY) == [(False,)]
    deployment.project.run("alembic", "downgrade", "base").succeeded()
    assert deployment.execute(TEMPORARY) == [(True,)]


def test_down_to_base_leaves_nothing_and_up_again_is_the_same(deployment: Deployment) -> None:
    empty = schema_dump(deployment.database)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    first = schema_dump(deployment.database)
    deployment.project.run("alembic", "downgrade", "base").succeeded()
    assert schema_dump(deployment.database) == empty
    assert not deployment.has_role(deployment.owner)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert schema_dump(deployment.database) == first


def test_a_script_does_the_same(deployment: Deployment) -> None:
    empty = schema_dump(deployment.database)
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    migrated = schema_dump(deployment.database)
    deployment.project.run("alembic", "downgrade", "base").succeeded()

    run_script(deployment.database, deployment.project.run("alembic", "upgrade", "head", "--sql").succeeded())
    assert schema_dump(deployment.database) == migrated
    run_script(deployment.database, deployment.project.run("alembic", "downgrade", "head:base", "--sql").succeeded())
    assert schema_dump(deployment.database) == empty
    assert not deployment.has_role(deployment.owner)


def test_a_script_needs_no_database(deployment: Deployment) -> None:
    del deployment.project.environment["TENANTRY_DATABASE_URL"]
    script = deployment.project.run("alembic", "upgrade", "head", "--sql", TENANTRY_EMBEDDED="never").succeeded()
    assert script.startswith("BEGIN;")
    assert script.rstrip().endswith("COMMIT;")


def test_part_of_the_way_down_keeps_the_owner(deployment: Deployment) -> None:
    deployment.project.write_revision("two", "one", 'op.execute("CREATE TABLE two (id int)")', 'op.drop_table("two")')
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    deployment.project.run("alembic", "downgrade", "-1").succeeded()
    assert deployment.project.run("alembic", "current").succeeded().split() == ["one"]
    assert deployment.has_role(deployment.owner)


def test_a_role_that_was_there_stays(deployment: Deployment) -> None:
    deployment.execute(f"CREATE ROLE {deployment.owner}")
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    deployment.project.run("alembic", "downgrade", "base").succeeded()
    assert deployment.has_role(deployment.owner)


def test_a_role_that_another_database_uses_stays(deployment: Deployment) -> None:
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    with fresh_database(deployment.server) as other:
        deployment.project.use(other)
        deployment.project.run("alembic", "upgrade", "head").succeeded()
        deployment.project.use(deployment.database)
        deployment.project.run("alembic", "downgrade", "base").succeeded()
        assert deployment.has_role(deployment.owner)


def test_looking_changes_nothing(deployment: Deployment) -> None:
    empty = schema_dump(deployment.database)
    deployment.project.run("alembic", "current").succeeded()
    assert deployment.project.run("alembic", "check").failure
    assert schema_dump(deployment.database) == empty
    assert not deployment.has_role(deployment.owner)


def test_an_index_made_concurrently_does_not_lose_the_owner(deployment: Deployment) -> None:
    deployment.project.write_revision(
        "two",
        "one",
        "with op.get_context().autocommit_block():"
        ' op.execute("CREATE INDEX CONCURRENTLY note_id ON note (id)")\n'
        '    op.execute("CREATE TABLE after (id int)")',
    )
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert deployment.execute(FOREIGN.format(owner=deployment.owner)) == []


def test_a_version_table_of_before_is_taken_over(deployment: Deployment) -> None:
    deployment.project.run("alembic", "ensure_version").succeeded()
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    assert deployment.execute(FOREIGN.format(owner=deployment.owner)) == []


def test_a_value_that_is_used_too_early_is_explained(deployment: Deployment) -> None:
    kind = "op.execute(\"CREATE TYPE mood AS ENUM ('sad')\")"
    added = "op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")"
    used = "op.execute(\"SELECT 'glad'::mood\")"
    for number, code in enumerate((kind, added, used), start=2):
        deployment.project.write_revision(f"r{number}", f"r{number - 1}" if number > 2 else "one", code)
    deployment.project.run("alembic", "upgrade", "r2").succeeded()
    failure = deployment.project.run("alembic", "upgrade", "head").failure
    assert "upgrade to the revision that does first" in failure
    deployment.project.run("alembic", "upgrade", "r3").succeeded()
    deployment.project.run("alembic", "upgrade", "head").succeeded()
