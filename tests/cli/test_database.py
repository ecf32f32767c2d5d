"""`tenantry db` on a configured database."""

from sqlalchemy import URL
from tests.support.commands import Project


def test_url_prints_nothing_else(project: Project, database: URL) -> None:
    project.use(database)
    printed = project.run("tenantry", "db", "url")
    expected = database.set(drivername="postgresql").render_as_string(hide_password=False)
    assert (printed.succeeded(), printed.err) == (expected + "\n", "")


def test_psql_gets_its_arguments(project: Project, database: URL) -> None:
    project.use(database)
    printed = project.run("tenantry", "db", "psql", "-XAt", "-c", "SELECT current_database()")
    assert printed.succeeded() == f"{database.database}\n"
