"""`tenantry context-key` and `tenantry push`."""

import sqlalchemy
from sqlalchemy import URL, text
from tests.support.commands import Project


def test_a_key_is_accepted_once_installed_and_refused_once_removed(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    key = project.run("tenantry", "context-key", "new").succeeded().strip()
    installed = project.run("tenantry", "context-key", "install", TENANTRY_CONTEXT_KEY=key)
    installed.succeeded()
    assert key not in installed.out + installed.err
    assert _keys(migrated_database) == 1
    project.run("tenantry", "context-key", "install", TENANTRY_CONTEXT_KEY=key).succeeded()
    assert _keys(migrated_database) == 1
    project.run("tenantry", "context-key", "remove", TENANTRY_CONTEXT_KEY=key).succeeded()
    assert _keys(migrated_database) == 0


def test_without_a_key_nothing_is_installed(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    assert "TENANTRY_CONTEXT_KEY" in project.run("tenantry", "context-key", "install").failure


def test_push_changes_nothing_in_a_migrated_database(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    pushed = project.run("tenantry", "push")
    pushed.succeeded()
    assert "0 changes made" in pushed.err


def test_push_names_what_is_no_metadata(project: Project, database: URL) -> None:
    project.use(database)
    assert "no.such.module" in project.run("tenantry", "push", "--metadata", "no.such.module:metadata").failure
    assert "MetaData" in project.run("tenantry", "push", "--metadata", "tenantry.models:Base").failure


def _keys(url: URL) -> int:
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(text("SELECT count(*) FROM context_keys"))
    engine.dispose()
    return int(found or 0)
