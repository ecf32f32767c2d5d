"""The pytest plugin, as the suite of an application meets it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import text
from tests.support.commands import Project
from tests.support.databases import administrator
from tests.support.servers import Server

from tenantry.testing.databases import drop_templates, template_prefix

EXAMPLE = Path(__file__).parents[2] / "examples" / "clinic"

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
IMPORTS = """
from uuid import uuid4
from clinic.models import Base
from tenantry.testing import Hints, TenantIsolation

"""

#: a revision after the application's own, as somebody wrote it who thinks of nobody else
HOLES = '''
"""Holes."""

from alembic import op

revision = "holes"
down_revision = "clinic_0002"


def upgrade():
    for statement in """{statements}""".split(";"):
        op.execute(statement)


def downgrade():
    raise NotImplementedError
'''
#: what opens a hole, and the tests that have to find it
PLANTED = {
    "CREATE POLICY open ON clinic_treatments USING (true) WITH CHECK (true)": {
        "test_rows_of_others_are_not_seen[clinic_treatments]",
        "test_rows_of_others_are_not_changed[clinic_treatments]",
        "test_no_row_is_made_for_others[clinic_treatments]",
        "test_no_row_moves[clinic_treatments]",
        "test_without_context_there_is_nothing[clinic_treatments]",
    },
    "GRANT UPDATE (tenant_id) ON clinic_treatments TO tenantry_app": set(),
    "ALTER TABLE clinic_animals ADD UNIQUE (id)": {"test_unique_keys_tell_nothing_of_others[clinic_animals]"},
    "ALTER TABLE clinic_visits DROP CONSTRAINT fk_clinic_visits_tenant_id_animal_id": set(),
    "ALTER TABLE clinic_visits ADD FOREIGN KEY (animal_id) REFERENCES clinic_animals (id)": {
        "test_no_reference_leads_to_others[clinic_visits]",
    },
    "RESET ROLE": set(),
    "CREATE VIEW clinic_open AS SELECT tenant_id, name FROM clinic_animals": set(),
    "GRANT SELECT ON clinic_open TO tenantry_app": {"test_a_view_shows_nothing_of_others[clinic_open]"},
    "SET ROLE tenantry_owner": set(),
}
#: what a view is called is known from the declaration
DECLARED = """

View("clinic_open", "SELECT tenant_id, name FROM clinic_animals", metadata=Base.metadata)
"""


@pytest.fixture
def clinic(project: Project, server: Server) -> Iterator[Project]:
    """A copy of the example, whose tests run on the server."""
    project.become(EXAMPLE)
    project.environment["TENANTRY_TEST_DATABASE_URL"] = server.url.render_as_string(hide_password=False)
    yield project
    drop_templates(server.url, Config(project.directory / "alembic.ini"))


def _outcomes(out: str, outcome: str) -> set[str]:
    return set(re.findall(rf"^{outcome} \S+?::(\S+)", out, re.MULTILINE))


def _databases(server: Server) -> set[str]:
    with administrator(server) as connection:
        return set(connection.scalars(text("SELECT datname FROM pg_database")))


def test_the_suite_of_an_application_passes_and_leaves_its_template_alone(clinic: Project, server: Server) -> None:
    visits, isolation, hints = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for shown in (visits, isolation):
        assert any(shown in test.read_text() for test in (clinic.directory / "tests").glob("*.py"))
    (clinic.directory / "tests" / "test_hints.py").write_text(IMPORTS + hints)
    finished = clinic.run("pytest", "-rA", "-W", "error")
    passed = _outcomes(finished.succeeded(), "PASSED")
    assert {
        "test_a_visit_is_on_the_agenda_of_its_practice",
        "test_a_viewer_changes_nothing",
        "test_a_change_of_price_is_on_record",
        "TestIsolation::test_rows_of_others_are_not_seen[clinic_visits]",
    } <= passed
    assert not any("[ai_workflows]" in name for name in passed)

    prefix = template_prefix(Config(clinic.directory / "alembic.ini"))
    (template,) = (name for name in _databases(server) if name.startswith(prefix))
    clinic.run("pytest", "-k", "viewer").succeeded()
    assert template in _databases(server)


def test_a_hole_is_found_by_the_test_that_is_about_it(clinic: Project) -> None:
    with (clinic.directory / "clinic" / "models.py").open("a") as models:
        models.write(DECLARED)
    revision = clinic.directory / "migrations" / "versions" / "holes.py"
    revision.write_text(HOLES.format(statements=";".join(PLANTED)))

    finished = clinic.run("pytest", "-rf", "tests/test_isolation.py")
    assert finished.code == 1, finished
    found = {name.partition("::")[2] for name in _outcomes(finished.out, "FAILED")}
    assert found == set().union(*PLANTED.values()), finished.out
