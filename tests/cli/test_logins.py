"""Logins for applications, made by a command."""

import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool, text
from tests.support.commands import Project
from tests.support.databases import drop_roles, settings_for
from tests.support.servers import Server

from tenantry import Tenancy
from tenantry.runtime.context import ContextKey


@pytest.fixture
def name(server: Server) -> Iterator[str]:
    made = f"Odd login {uuid.uuid4().hex}"
    yield made
    drop_roles(server, made)


@pytest.fixture
def migrated(project: Project, migrated_database: URL) -> Project:
    project.use(migrated_database)
    return project


def test_a_login_is_made_that_row_security_binds(migrated: Project, migrated_database: URL, name: str) -> None:
    done = migrated.run("tenantry", "grant-login", name, "--as", "app", "--password-stdin", typed="its password\n")
    done.succeeded()
    assert "was made" in done.err
    url = migrated_database.set(username=name, password="its password")
    tenancy = Tenancy(url, settings=settings_for(url), key=ContextKey("k" * 32))
    with tenancy.session() as session:
        assert session.scalar(text("SELECT count(*) FROM tenants")) == 0
    tenancy.engine.dispose()


def test_a_login_that_is_there_gets_the_role(migrated: Project, migrated_database: URL, name: str) -> None:
    _execute(migrated_database, f'CREATE ROLE "{name}" LOGIN')
    done = migrated.run("tenantry", "grant-login", name, "--as", "superadmin")
    done.succeeded()
    assert "was there" in done.err
    assert migrated.run("tenantry", "grant-login", name, "--as", "superadmin").code == 0


REFUSED = {
    "a superuser": ("SUPERUSER", "is a superuser"),
    "one that bypasses": ("BYPASSRLS", "has BYPASSRLS"),
    "a superadmin": ("IN ROLE tenantry_superadmin", "is a member of tenantry_superadmin as well"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_a_login_that_would_see_more_is_refused(
    migrated: Project, migrated_database: URL, name: str, case: str
) -> None:
    attributes, reason = REFUSED[case]
    _execute(migrated_database, f'CREATE ROLE "{name}" LOGIN {attributes}')
    assert reason in migrated.run("tenantry", "grant-login", name, "--as", "app").failure
    member, group = f'"{name}"', "tenantry_app"
    granted = f"SELECT count(*) FROM pg_auth_members WHERE (member, roleid) = ('{member}'::regrole, '{group}'::regrole)"
    assert _execute(migrated_database, granted) == 0


def test_who_may_not_grant_is_told_so(migrated: Project, migrated_database: URL, name: str) -> None:
    _execute(migrated_database, f"""CREATE ROLE "{name}" LOGIN PASSWORD 'p'""")
    migrated.use(migrated_database.set(username=name, password="p"))
    failure = migrated.run("tenantry", "grant-login", "another", "--as", "app").failure
    assert "another cannot be made a member of tenantry_app: permission denied to create role" in failure


def _execute(url: URL, statement: str) -> object:
    with sqlalchemy.create_engine(url, poolclass=NullPool).begin() as connection:
        result = connection.exec_driver_sql(statement)
        return result.scalar() if result.returns_rows else None
