"""What a user can get wrong: one clear line, an exit code, no password, and nothing changed."""

import socket

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool
from tests.runtime.conftest import PASSWORD, Deployment
from tests.support.commands import Finished, Project
from tests.support.databases import run_script, schema_dump

from tenantry.errors import ServerTooOldError
from tenantry.runtime.database import check_version


def _refused(finished: Finished, *expected: str) -> str:
    failure = finished.failure
    assert PASSWORD not in finished.out + finished.err
    for text in expected:
        assert text in failure
    return failure


def test_nobody_listens(project: Project) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    url = f"postgresql://user:{PASSWORD}@127.0.0.1:{port}/somewhere"
    _refused(project.run("alembic", "upgrade", "head", DATABASE_URL=url), f"database somewhere at 127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://user:{PASSWORD}@host/database",
        f"postgresql://user:{PASSWORD}@host:port/database",
        f"user:{PASSWORD}@host",
    ],
)
def test_not_a_url(project: Project, url: str) -> None:
    _refused(project.run("alembic", "upgrade", "head", DATABASE_URL=url), "DATABASE_URL")


def test_no_such_database(project: Project, database: URL) -> None:
    project.use(database.set(database="nowhere"))
    _refused(project.run("alembic", "upgrade", "head"), 'database "nowhere" does not exist')


def test_no_such_option(project: Project, database: URL) -> None:
    project.use(database.update_query_dict({"sslmode": "wrong", "password": PASSWORD}))
    _refused(project.run("alembic", "upgrade", "head"), "cannot connect", "sslmode")


def test_a_server_that_is_too_old(database: URL) -> None:
    engine = sqlalchemy.create_engine(database, poolclass=NullPool)
    with engine.connect() as connection:
        check_version(connection)
        with pytest.raises(ServerTooOldError, match=r"is PostgreSQL \d+.*, but 99 or later is needed"):
            check_version(connection, minimum=99)


def test_a_login_without_rights_learns_what_it_needs(deployment: Deployment) -> None:
    before = schema_dump(deployment.database)
    login = deployment.log_in()
    failure = _refused(deployment.project.run("alembic", "upgrade", "head"), login, "let a superuser run")
    assert schema_dump(deployment.database) == before
    assert not deployment.has_role(deployment.owner)

    run_script(deployment.database, failure.partition("let a superuser run: ")[2].partition(" Nothing")[0])
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    deployment.project.run("alembic", "downgrade", "base").succeeded()
    assert deployment.has_role(deployment.owner)


def test_a_login_that_may_create_roles_needs_no_superuser(deployment: Deployment) -> None:
    login = deployment.log_in("CREATEROLE")
    deployment.execute(f"ALTER DATABASE {deployment.database.database} OWNER TO {login}")
    deployment.project.run("alembic", "upgrade", "head").succeeded()
    deployment.project.run("alembic", "downgrade", "base").succeeded()
    assert not deployment.has_role(deployment.owner)
