"""The example application, with Alembic's own commands, on what our revisions made."""

from pathlib import Path

import pytest
from sqlalchemy import URL
from tests.support.commands import Project
from tests.support.databases import schema_dump

EXAMPLE = Path(__file__).parents[2] / "examples" / "clinic"

REMINDER = '''

class Reminder(TenantScoped, Base):
    """A reminder of a visit."""

    __tablename__ = "clinic_reminders"

    visit_id: Mapped[UUID] = reference("clinic_visits", on_delete="cascade")
    sent_at: Mapped[datetime | None]
'''


@pytest.fixture
def clinic(project: Project, migrated_database: URL) -> Project:
    """A copy of the example."""
    project.become(EXAMPLE)
    project.use(migrated_database)
    return project


def _revisions(clinic: Project) -> set[Path]:
    return set((clinic.directory / "migrations" / "versions").glob("*.py"))


def test_an_application_grows_beside_what_it_is_built_on(clinic: Project, migrated_database: URL) -> None:
    before_it = schema_dump(migrated_database)
    clinic.run("alembic", "upgrade", "heads").succeeded()
    clinic.run("alembic", "check").succeeded()

    with (clinic.directory / "clinic" / "models.py").open("a") as models:
        models.write(REMINDER)
    assert "clinic_reminders" in clinic.run("alembic", "check").out
    before = _revisions(clinic)
    clinic.run("alembic", "revision", "--autogenerate", "-m", "reminders").succeeded()
    (written,) = _revisions(clinic) - before
    assert "down_revision: str | tuple[str, ...] | None = 'clinic_0002'" in written.read_text()
    clinic.run("alembic", "upgrade", "heads").succeeded()
    clinic.run("alembic", "check").succeeded()

    clinic.run("alembic", "downgrade", "clinic@base").succeeded()
    assert schema_dump(migrated_database) == before_it


def test_the_first_revision_of_an_application_follows_what_is_there(clinic: Project) -> None:
    for revision in _revisions(clinic):
        revision.unlink()
    clinic.run("alembic", "revision", "--autogenerate", "-m", "first").succeeded()
    (written,) = _revisions(clinic)
    text = written.read_text()
    assert "branch_labels: str | tuple[str, ...] | None = ('clinic',)" in text
    assert "down_revision: str | tuple[str, ...] | None = None" in text
    assert "depends_on: str | tuple[str, ...] | None = '0" in text
    clinic.run("alembic", "upgrade", "heads").succeeded()
    clinic.run("alembic", "check").succeeded()


def test_what_is_typed_goes_before(clinic: Project) -> None:
    clinic.run("alembic", "upgrade", "heads").succeeded()
    options = ("--head", "base", "--branch-label", "other", "--version-path", "migrations/versions")
    before = _revisions(clinic)
    clinic.run("alembic", "revision", "-m", "typed", *options).succeeded()
    (written,) = _revisions(clinic) - before
    assert "('other',)" in written.read_text()
