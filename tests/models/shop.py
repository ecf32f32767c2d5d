"""A database with every table that is declared, and two tenants that sell, with people of each role."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from tests.models.conftest import engine, login
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.models import Base
from tenantry.models.roles import APPLICATION
from tenantry.runtime.context import ContextKey, tenant_context

CONNECTIONS = 16


@dataclass(frozen=True)
class Seller:
    """A tenant and who works there."""

    tenant_id: uuid.UUID = field(default_factory=uuid.uuid4)
    owner: uuid.UUID = field(default_factory=uuid.uuid4)
    member: uuid.UUID = field(default_factory=uuid.uuid4)
    viewer: uuid.UUID = field(default_factory=uuid.uuid4)

    def settle(self, session: Session) -> None:
        session.execute(
            text("INSERT INTO tenants (id, name, slug) VALUES (:id, 'Seller', :slug)"),
            {"id": self.tenant_id, "slug": self.tenant_id.hex},
        )
        for role, user in (("owner", self.owner), ("member", self.member), ("viewer", self.viewer)):
            session.execute(
                text("INSERT INTO users (id, email) VALUES (:id, :email)"),
                {"id": user, "email": f"{user.hex}@example.com"},
            )
            session.execute(
                text("INSERT INTO tenant_users (tenant_id, user_id, role) VALUES (:tenant, :user, :role)"),
                {"tenant": self.tenant_id, "user": user, "role": role},
            )


@dataclass(frozen=True)
class Shop:
    """Two tenants in one database, and how their members work with it."""

    superuser: Engine
    application: Engine
    key: ContextKey
    seller: Seller = field(default_factory=Seller)
    other: Seller = field(default_factory=Seller)

    @contextmanager
    def at_work(self, seller: Seller | None = None, user_id: uuid.UUID | None = None) -> Iterator[Session]:
        """A session of a member: of the first tenant's unless another is given."""
        at = seller or self.seller
        with (
            Session(self.application) as session,
            tenant_context(session, at.tenant_id, user_id or at.member, key=self.key),
        ):
            yield session

    def add(self, *rows: Base, seller: Seller | None = None) -> None:
        """Commit rows as the owner; afterwards they are plain values."""
        with self.at_work(seller, (seller or self.seller).owner) as session:
            session.add_all(rows)
            session.flush()
            session.expunge_all()
            session.commit()

    def at_once(self, work: Callable[[Session, int], None]) -> list[str | None]:
        """Run transactions of as many connections at the same instant; what each failed with, if it did."""
        start = threading.Barrier(CONNECTIONS)

        def run(number: int) -> str | None:
            with self.at_work() as session:
                session.connection()
                start.wait()
                try:
                    work(session, number)
                    session.commit()
                except DBAPIError as error:
                    session.rollback()
                    return str(getattr(error.orig, "sqlstate", error))
            return None

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            return list(pool.map(run, range(CONNECTIONS)))


@pytest.fixture(name="shop", scope="module")
def open_shop(server: Server, migrated_template: str) -> Iterator[Shop]:
    """Tests share it, so each makes what it needs under names of its own."""
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(server, migrated_template))
        application = stack.enter_context(login(server, APPLICATION))
        shop = Shop(engine(url), engine(url, application), ContextKey("k" * 32))
        with Session(shop.superuser) as session, session.begin():
            shop.key.install(session.connection())
            shop.seller.settle(session)
            shop.other.settle(session)
        yield shop


@contextmanager
def refused(sqlstate: str, match: str | None = None) -> Iterator[None]:
    """What PostgreSQL refuses, and why."""
    with pytest.raises(DBAPIError, match=match) as caught:
        yield
    assert getattr(caught.value.orig, "sqlstate", None) == sqlstate, caught.value


NOT_NULL, FOREIGN_KEY, UNIQUE, CHECK, FORBIDDEN = "23502", "23503", "23505", "23514", "42501"


def name() -> str:
    """A name that no other test uses."""
    return uuid.uuid4().hex
