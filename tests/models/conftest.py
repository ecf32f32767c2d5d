"""Two tenants with rows in every table, and logins that are members of one role each."""

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy import URL, Connection, Engine, NullPool, QueuePool, event, text
from sqlalchemy.exc import DBAPIError
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.models import Base
from tenantry.models.roles import APPLICATION, SUPERADMIN
from tenantry.runtime.context import ContextKey, tenant_context
from tenantry.testing import databases
from tenantry.testing.attempts import become, undone
from tenantry.testing.rows import SampleRows

PASSWORD = "for tests alone"  # noqa: S105
ROLES = ("owner", "admin", "member", "viewer")


@dataclass
class World:
    """A migrated database that two tenants share."""

    superuser: Engine
    application: Engine
    superadmin: Engine
    key: ContextKey
    a: SampleRows = field(default_factory=lambda: SampleRows(uuid.uuid4(), Base.metadata.sorted_tables))
    b: SampleRows = field(default_factory=lambda: SampleRows(uuid.uuid4(), Base.metadata.sorted_tables))
    #: the members of tenant A by role
    members: dict[str, uuid.UUID] = field(default_factory=dict)

    def fill(self) -> None:
        with self.superuser.begin() as connection:
            self.key.install(connection)
            self.a.fill(connection)
            self.b.fill(connection)
            for role in ROLES:
                self.members[role] = self.a.new_member(connection, role)

    @contextmanager
    def undone(self) -> Iterator[Connection]:
        """What a superuser does, undone at the end."""
        with undone(self.superuser) as connection:
            yield connection

    @contextmanager
    def becoming(
        self, connection: Connection, user_id: uuid.UUID | None, tenant_id: uuid.UUID | None = None
    ) -> Iterator[None]:
        """From here on the superuser's transaction is a request, so that what he prepared is undone with it."""
        become(connection, self.application)
        with tenant_context(connection, tenant_id or self.a.tenant_id, user_id, key=self.key):
            yield

    @contextmanager
    def without_context(self) -> Iterator[Connection]:
        with undone(self.application) as connection:
            yield connection

    @contextmanager
    def acting(self, user_id: uuid.UUID | None, tenant_id: uuid.UUID | None = None) -> Iterator[Connection]:
        """What a request does, undone at the end."""
        with (
            self.without_context() as connection,
            tenant_context(connection, tenant_id or self.a.tenant_id, user_id, key=self.key),
        ):
            yield connection


@contextmanager
def refused(sqlstate: str, match: str | None = None) -> Iterator[None]:
    """The block ends in an error of PostgreSQL's."""
    with pytest.raises(DBAPIError, match=match) as caught:
        yield
    assert isinstance(caught.value.orig, psycopg.Error)
    assert caught.value.orig.sqlstate == sqlstate, caught.value


@contextmanager
def login(server: Server, role: str) -> Iterator[str]:
    """A login that is a member of one role."""
    with databases.login(server.url, role, PASSWORD) as url:
        yield str(url.username)


def engine(url: URL, user: str | None = None, **options: Any) -> Engine:
    if user is not None:
        url = url.set(username=user, password=PASSWORD)
    return sqlalchemy.create_engine(url, **{"poolclass": NullPool, **options})


def on_record(superadmin: Engine) -> Engine:
    """The same engine, each of whose connections sees all tenants from the start, by one entry."""
    with superadmin.begin() as connection:
        entry = connection.scalar(text("SELECT enable_superadmin_mode('the tests of it')"))

    @event.listens_for(superadmin, "connect")
    def say_so(connection: Any, _: object) -> None:
        connection.execute("SELECT set_config('tenantry.superadmin', %s, false)", [str(entry)])
        connection.commit()

    return superadmin


@contextmanager
def new_world(server: Server, template: str) -> Iterator[World]:
    with ExitStack() as stack:
        application = stack.enter_context(login(server, APPLICATION))
        superadmin = stack.enter_context(login(server, SUPERADMIN))
        url = stack.enter_context(fresh_database(server, template))
        by_user = {user: engine(url, user, poolclass=QueuePool) for user in (None, application, superadmin)}
        for pool in by_user.values():
            stack.callback(pool.dispose)
        made = World(by_user[None], by_user[application], on_record(by_user[superadmin]), ContextKey("k" * 32))
        made.fill()
        yield made


@pytest.fixture(scope="session")
def world(server: Server, migrated_template: str) -> Iterator[World]:
    """Tests share it, so they undo what they do."""
    with new_world(server, migrated_template) as made:
        yield made


@pytest.fixture
def own_world(server: Server, migrated_template: str) -> Iterator[World]:
    """One of a test's own, for what has to be committed."""
    with new_world(server, migrated_template) as made:
        yield made
