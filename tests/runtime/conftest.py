"""Migrations with roles of their own, so that tests at the same time do not see each other's."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
import sqlalchemy
from sqlalchemy import URL, Connection, NullPool
from tests.support.commands import Project
from tests.support.databases import administrator, drop_roles, fresh_database
from tests.support.servers import Server

PASSWORD = "pass-word-of-the-login"  # noqa: S105


@dataclass(frozen=True)
class Deployment:
    """A project, an empty database for it, and the roles it is going to use."""

    project: Project
    server: Server
    database: URL
    owner: str
    logins: list[str] = field(default_factory=list)

    def log_in(self, attributes: str = "") -> str:
        """Let the project use a login with these attributes and no other rights."""
        name = f"login_{uuid.uuid4().hex}"
        with administrator(self.server) as connection:
            connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' {attributes}")
        self.logins.append(name)
        self.project.use(self.database.set(username=name, password=PASSWORD))
        return name

    def connect(self) -> Connection:
        """A connection of the administrator."""
        return sqlalchemy.create_engine(self.database, poolclass=NullPool).connect()

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """What a statement of the administrator returns."""
        with self.connect() as connection, connection.begin():
            result = connection.exec_driver_sql(statement)
            return [tuple(row) for row in result] if result.returns_rows else []

    def has_role(self, name: str) -> bool:
        return bool(self.execute(f"SELECT FROM pg_roles WHERE rolname = '{name}'"))


@pytest.fixture
def deployment(server: Server, project: Project) -> Iterator[Deployment]:
    suffix = uuid.uuid4().hex
    names = {f"TENANTRY_{role.upper()}_ROLE": f"{role}_{suffix}" for role in ("owner", "app", "superadmin")}
    project.environment.update(names)
    with ExitStack() as cleanup:
        logins: list[str] = []
        cleanup.callback(lambda: drop_roles(server, *names.values(), *logins))
        database = cleanup.enter_context(fresh_database(server))
        project.use(database)
        yield Deployment(project, server, database, f"owner_{suffix}", logins)
