"""The examples of the README and the docs, as they stand there."""

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool
from tests.models.platform import platform_at
from tests.support.commands import Project
from tests.support.databases import drop_roles
from tests.support.servers import Server

from tenantry import Tenancy

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
KEY = "an example's key, of more than 32 bytes"

_EXAMPLE = re.compile(r"<!-- example: (?P<name>[\w-]+) -->\n```python\n(?P<code>.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:)(?P<target>[^)#]+)")


def examples() -> dict[str, str]:
    return {found["name"]: found["code"] for page in PAGES for found in _EXAMPLE.finditer(page.read_text())}


def test_requests_of_two_tenants(
    project: Project, migrated_database: URL, server: Server, request: pytest.FixtureRequest
) -> None:
    project.use(migrated_database)
    project.environment["TENANTRY_CONTEXT_KEY"] = KEY
    project.run("tenantry", "keys", "install").succeeded()
    logins = {"BACK_OFFICE_URL": ("superadmin", "office"), "APPLICATION_URL": ("app", "requests")}
    for variable, (purpose, name) in logins.items():
        login = f"{name}_{migrated_database.database}"
        request.addfinalizer(partial(drop_roles, server, login))
        project.run(
            "tenantry", "grant-login", login, "--as", purpose, "--password-stdin", typed="a password"
        ).succeeded()
        url = migrated_database.set(username=login, password="a password")
        project.environment[variable] = url.render_as_string(hide_password=False)
    script = project.directory / "example.py"
    script.write_text(examples()["requests"])
    finished = subprocess.run(
        [sys.executable, str(script)], env={**project.environment}, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    engine = sqlalchemy.create_engine(migrated_database, poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT name FROM ai_workflows").scalars().all() == ["Welcome new customers"]


def test_a_model_on_our_bases_is_added_to_the_schema(migrated_database: URL, project: Project) -> None:
    project.use(migrated_database)
    assert _pushed(project, "declaration") > 0
    assert _pushed(project, "declaration") == 0


def test_a_model_that_is_audited(migrated_database: URL, project: Project) -> None:
    project.use(migrated_database)
    assert _pushed(project, "audited") > 0
    assert _pushed(project, "audited") == 0


def test_what_happens_to_a_row_is_in_the_log(server: Server, migrated_template: str) -> None:
    example: dict[str, Any] = {}
    exec(examples()["trail"], example)  # noqa: S102
    for platform in platform_at(server, migrated_template):
        tenant = platform.new_tenant()
        example["history_of_a_department"](Tenancy(platform.application, key=platform.key), tenant.id, tenant.owner)


def test_objects_beside_tables_of_any_metadata(database: URL, project: Project) -> None:
    project.use(database)
    assert _pushed(project, "objects") > 0
    assert _pushed(project, "objects") == 0


def _pushed(project: Project, name: str) -> int:
    """How many changes it takes to make the database what an example declares."""
    (project.directory / "declared.py").write_text(examples()[name])
    pushed = project.run("tenantry", "push", "--metadata", "declared:Base.metadata")
    pushed.succeeded()
    return int(pushed.err.rpartition("tenantry: ")[2].partition(" ")[0])


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in _LINK.finditer(page.read_text()):
            assert (page.parent / link["target"]).exists(), f"{page.name}: {link['target']}"
