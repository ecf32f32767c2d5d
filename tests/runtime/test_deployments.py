"""Deployments at the same time, tables in use, and revisions that fail."""

from subprocess import Popen

from tests.runtime.conftest import Deployment
from tests.support.commands import finish
from tests.support.databases import schema_dump

from tenantry.runtime.ownership import MIGRATION_LOCK

ALTER = 'op.execute("ALTER TABLE note ADD COLUMN text text")'
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def test_two_at_once_run_each_revision_once(deployment: Deployment) -> None:
    with deployment.connect() as other, other.begin():
        other.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        both = [deployment.project.start("alembic", "upgrade", "head") for _ in range(2)]
        while deployment.execute(WAITING) != [(2,)]:
            assert [process.poll() for process in both] == [None, None], "neither may end before the lock is free"
    for process in both:
        finished = finish(process)
        finished.succeeded()
        assert "another migration of this database is running" in finished.err


def test_a_table_in_use_is_waited_for(deployment: Deployment) -> None:
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    deployment.project.write_revision("two", "one", ALTER)
    patient = {"TENANTRY_LOCK_TIMEOUT": "50ms", "TENANTRY_LOCK_RETRIES": "1000"}
    with deployment.connect() as other, other.begin():
        other.exec_driver_sql("LOCK TABLE note IN ACCESS SHARE MODE")
        process = deployment.project.start("alembic", "upgrade", "head", **patient)
        _read_until(process, "a lock was not to be had")
    finish(process).succeeded()
    assert deployment.project.run("alembic", "current").succeeded().split() == ["two", "(head)"]


def test_a_table_in_use_is_not_waited_for_without_end(deployment: Deployment) -> None:
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    before = schema_dump(deployment.database)
    deployment.project.write_revision("two", "one", ALTER)
    impatient = {"TENANTRY_LOCK_TIMEOUT": "50ms", "TENANTRY_LOCK_RETRIES": "1"}
    with deployment.connect() as other, other.begin():
        other.exec_driver_sql("LOCK TABLE note IN ACCESS SHARE MODE")
        failure = deployment.project.run("alembic", "upgrade", "head", **impatient).failure
    assert "lock timeout" in failure
    assert "ALTER TABLE note" in failure
    assert schema_dump(deployment.database) == before


def test_a_failed_upgrade_leaves_the_database_as_it_was(deployment: Deployment) -> None:
    before = schema_dump(deployment.database)
    deployment.project.write_revision("two", "one", 'op.execute("ALTER TABLE nowhere ADD x int")')
    failure = deployment.project.run("alembic", "upgrade", "head").failure
    assert 'relation "nowhere" does not exist' in failure
    assert schema_dump(deployment.database) == before
    assert not deployment.has_role(deployment.owner)


def _read_until(process: Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never said")
