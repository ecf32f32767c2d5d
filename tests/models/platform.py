"""A platform in operation: people, tenants that were provisioned, and what each of them does at the same instant."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import engine, login, on_record
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.models.roles import APPLICATION, SUPERADMIN
from tenantry.runtime.context import ContextKey, tenant_context

AT_ONCE = 16
INSUFFICIENT_PRIVILEGE, CHECK_VIOLATION, UNIQUE_VIOLATION = "42501", "23514", "23505"


@dataclass(frozen=True)
class Tenancy:
    """A tenant and its owner."""

    id: uuid.UUID
    owner: uuid.UUID
    slug: str


@dataclass
class Platform:
    """A migrated database, with the engines of those who work with it."""

    superuser: Engine
    application: Engine
    superadmin: Engine
    key: ContextKey

    @contextmanager
    def acting(self, tenant: Tenancy, user: uuid.UUID | None = None) -> Iterator[Connection]:
        """A request of a member of the tenant: its owner unless another is given."""
        with (
            self.application.begin() as connection,
            tenant_context(connection, tenant.id, user or tenant.owner, key=self.key),
        ):
            yield connection

    @contextmanager
    def operating(self, tenant: Tenancy | None = None) -> Iterator[Connection]:
        """What the back office does, in one tenant if it enters one."""
        with self.superadmin.begin() as connection:
            if tenant is not None:
                connection.execute(select(func.set_tenant(tenant.id)))
            yield connection

    def new_user(self, **columns: Any) -> uuid.UUID:
        values = {"id": uuid.uuid4(), "email": f"{uuid.uuid4().hex}@example.com", **columns}
        with self.superuser.begin() as connection:
            insert(connection, "users", **values)
        return uuid.UUID(str(values["id"]))

    def new_tenant(self, **arguments: Any) -> Tenancy:
        slug, owner = f"t{uuid.uuid4().hex}", self.new_user()
        with self.operating() as connection:
            return Tenancy(provision(connection, slug, owner, **arguments), owner, slug)

    def new_member(self, tenant: Tenancy, role: str = "member", **columns: Any) -> uuid.UUID:
        user = self.new_user(**columns)
        self.join(tenant, user, role)
        return user

    def join(self, tenant: Tenancy, user: uuid.UUID, role: str = "member") -> None:
        with self.superuser.begin() as connection:
            insert(connection, "tenant_users", tenant_id=tenant.id, user_id=user, role=role)

    def one(self, statement: str, **parameters: Any) -> Any:
        """A row as it really is, whoever may see it."""
        with self.superuser.connect() as connection:
            return connection.execute(text(statement), parameters).one()

    def value(self, statement: str, **parameters: Any) -> Any:
        return self.one(statement, **parameters)[0]


def platform_at(server: Server, migrated_template: str) -> Iterator[Platform]:
    """Tests of a module share it; each works with tenants of its own."""
    with ExitStack() as stack:
        application = stack.enter_context(login(server, APPLICATION))
        superadmin = stack.enter_context(login(server, SUPERADMIN))
        url = stack.enter_context(fresh_database(server, migrated_template))
        office = on_record(engine(url, superadmin))
        made = Platform(engine(url), engine(url, application), office, ContextKey("k" * 32))
        with made.superuser.begin() as connection:
            made.key.install(connection)
        yield made


def provision(connection: Connection, slug: str, owner: uuid.UUID, **arguments: Any) -> uuid.UUID:
    given = "".join(f", p_{name} => :{name}" for name in arguments)
    statement = f"SELECT provision_tenant(p_slug => :slug, p_name => :slug, p_owner_user_id => :owner{given})"
    found = connection.execute(text(statement), {"slug": slug, "owner": owner, **arguments}).scalar_one()
    return uuid.UUID(str(found))


def insert(connection: Connection, table: str, **values: Any) -> None:
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"), values)


def at_once(work: Callable[[int], Any], times: int = AT_ONCE) -> list[Any]:
    """What becomes of the same work, done at the same instant on connections of its own; a refusal is its SQLSTATE."""
    start = threading.Barrier(times)

    def one(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        except DBAPIError as error:
            return getattr(error.orig, "sqlstate", None)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(one, range(times)))
