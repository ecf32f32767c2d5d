from sqlalchemy import URL
from tests.support.commands import Project


def test_up_and_down(project: Project, database: URL) -> None:
    project.use(database)
    project.run("alembic", "upgrade", "head").succeeded()
