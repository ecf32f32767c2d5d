"""The server that a suite runs on, where none is named."""

from pathlib import Path

import pytest
from tests.support.commands import Project, finish

from tenantry.errors import SettingsError
from tenantry.testing.server import running_server

EXAMPLE = Path(__file__).parents[2] / "examples" / "clinic"


@pytest.fixture
def clinic(project: Project) -> Project:
    """A copy of the example."""
    project.become(EXAMPLE)
    return project


def test_two_runs_at_once_share_an_embedded_server_and_the_last_one_stops_it(clinic: Project) -> None:
    runs = [clinic.start("pytest", "-n", "2", "-k", "viewer or agenda") for _ in range(2)]
    for run in runs:
        finish(run).succeeded()
    server = clinic.directory / ".tenantry" / "tests" / "server"
    assert (server / "data" / "PG_VERSION").exists()
    assert not (server / "data" / "postmaster.pid").exists()


def test_an_address_that_is_none_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_TEST_DATABASE_URL", "mysql://root@localhost/test")
    refused = r"^TENANTRY_TEST_DATABASE_URL: is not a URL of PostgreSQL"
    with pytest.raises(SettingsError, match=refused), running_server():
        pass
