"""Alembic's commands on our own revisions, from wherever they are installed."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import URL
from tests.support.commands import Project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(project: Project, database: URL) -> Project:
    """A directory that is not ours, with an empty database configured."""
    project.use(database)
    return project


def test_up_check_and_down(elsewhere: Project) -> None:
    elsewhere.run("tenantry", "upgrade").succeeded()
    assert "(head)" in elsewhere.run("tenantry", "current").succeeded()
    elsewhere.run("tenantry", "check").succeeded()
    elsewhere.run("tenantry", "downgrade", "base").succeeded()
    assert elsewhere.run("tenantry", "current").succeeded() == ""


def test_history_lists_the_revisions(elsewhere: Project) -> None:
    assert "<base> -> " in elsewhere.run("tenantry", "history").succeeded()


def test_a_script_goes_to_stdout_alone(elsewhere: Project) -> None:
    assert elsewhere.run("tenantry", "upgrade", "--sql").succeeded().startswith("BEGIN;")


def test_an_unknown_revision_is_one_line(elsewhere: Project) -> None:
    assert "nowhere" in elsewhere.run("tenantry", "upgrade", "nowhere").failure


def test_unknown_arguments_are_refused(project: Project) -> None:
    assert project.run("tenantry", "current", "--wrong").failure.endswith("unrecognized arguments: --wrong")


def test_an_installed_wheel_migrates_without_the_repository(elsewhere: Project, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    ZipFile(wheel).extractall(site)
    elsewhere.environment["PYTHONPATH"] = str(site)

    elsewhere.run("tenantry", "upgrade").succeeded()
    assert "(head)" in elsewhere.run("tenantry", "current").succeeded()
    assert "its own project" in elsewhere.run("tenantry", "revision", "-m", "x").failure
