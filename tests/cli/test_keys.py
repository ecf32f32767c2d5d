"""`tenantry keys` and `tenantry push`."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool, func, select, text
from sqlalchemy.exc import DBAPIError
from tests.support.commands import Project

from tenantry.runtime.context import SETTING, ContextKey

KEY = "a key for the tests of the command, long enough"


@pytest.fixture
def deployed(project: Project, migrated_database: URL) -> Project:
    """A project that runs with a key."""
    project.use(migrated_database)
    project.environment["TENANTRY_CONTEXT_KEY"] = KEY
    installed = project.run("tenantry", "keys", "install")
    installed.succeeded()
    assert KEY not in installed.out + installed.err
    return project


def test_a_key_is_accepted_once_installed_and_refused_once_removed(deployed: Project, migrated_database: URL) -> None:
    key = ContextKey(KEY)
    assert accepts(migrated_database, key)
    deployed.run("tenantry", "keys", "install").succeeded()
    assert deployed.run("tenantry", "keys", "list").succeeded().count("\n") == 1
    deployed.run("tenantry", "keys", "remove", key.kid).succeeded()
    assert not accepts(migrated_database, key)
    assert "none is installed" in deployed.run("tenantry", "keys", "remove", key.kid).failure


def test_without_a_key_nothing_is_installed(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    assert "TENANTRY_CONTEXT_KEY" in project.run("tenantry", "keys", "install").failure


def test_old_contexts_are_accepted_for_the_overlap(deployed: Project, migrated_database: URL) -> None:
    old, before = ContextKey(KEY), datetime.now(UTC)
    rotated = deployed.run("tenantry", "keys", "rotate", "--overlap", "15m")
    new = ContextKey(rotated.succeeded().strip())
    assert rotated.out.strip() not in rotated.err
    assert accepts(migrated_database, old)
    assert accepts(migrated_database, new)
    ends = valid_until(migrated_database)
    assert ends[new.kid] is None
    assert before + timedelta(minutes=15) <= ends[old.kid] <= datetime.now(UTC) + timedelta(minutes=15)
    listed = deployed.run("tenantry", "keys", "list").succeeded().splitlines()
    assert [line.split()[0] for line in listed] == [new.kid, old.kid]
    assert listed[1].endswith("TENANTRY_CONTEXT_KEY")

    # the next one prolongs nothing, and the database refuses by itself what is over
    third = deployed.run("tenantry", "keys", "rotate", "--overlap", "2h").succeeded().strip()
    assert valid_until(migrated_database)[old.kid] == ends[old.kid]
    deployed.run("tenantry", "keys", "rotate", "--overlap", "0s").succeeded()
    assert not any(accepts(migrated_database, key) for key in (old, new, ContextKey(third)))
    assert deployed.run("tenantry", "keys", "list").succeeded().count("expired") == 3


def test_a_key_comes_back_when_it_is_installed_again(deployed: Project, migrated_database: URL) -> None:
    deployed.run("tenantry", "keys", "rotate", "--overlap", "0s").succeeded()
    assert not accepts(migrated_database, ContextKey(KEY))
    deployed.run("tenantry", "keys", "install").succeeded()
    assert accepts(migrated_database, ContextKey(KEY))


@pytest.mark.parametrize("overlap", ["soon", "-1m", "15 parsecs"])
def test_an_overlap_is_a_duration(deployed: Project, migrated_database: URL, overlap: str) -> None:
    refused = deployed.run("tenantry", "keys", "rotate", f"--overlap={overlap}")
    assert "is not a duration" in refused.err
    assert refused.code != 0
    assert list(valid_until(migrated_database).values()) == [None]


def test_push_changes_nothing_in_a_migrated_database(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    pushed = project.run("tenantry", "push")
    pushed.succeeded()
    assert "0 changes made" in pushed.err


def test_push_names_what_is_no_metadata(project: Project, database: URL) -> None:
    project.use(database)
    assert "no.such.module" in project.run("tenantry", "push", "--metadata", "no.such.module:metadata").failure
    assert "MetaData" in project.run("tenantry", "push", "--metadata", "tenantry.models:Base").failure


def accepts(url: URL, key: ContextKey) -> bool:
    """Whether the database takes a context signed with the key."""
    context = select(func.set_config(SETTING, key.token(uuid.uuid4(), None), True))
    with sqlalchemy.create_engine(url, poolclass=NullPool).connect() as connection:
        connection.execute(context)
        try:
            connection.execute(select(func.get_current_tenant()))
        except DBAPIError as error:
            assert "not signed with a known key" in str(error)  # noqa: PT017
            return False
    return True


def valid_until(url: URL) -> dict[str, Any]:
    with sqlalchemy.create_engine(url, poolclass=NullPool).connect() as connection:
        return {row.kid: row.valid_until for row in connection.execute(text("SELECT * FROM context_keys"))}
