"""Databases with the development data in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import URL, Engine, text
from tests.models.conftest import engine
from tests.support.databases import fresh_database, settings_for
from tests.support.servers import Server

from tenantry.seed import Seeded, Size, seed


@dataclass(frozen=True)
class Development:
    """A database that has been seeded."""

    url: URL
    done: Seeded

    @property
    def superuser(self) -> Engine:
        return engine(self.url)

    def value(self, query: str) -> Any:
        with self.superuser.connect() as connection:
            return connection.execute(text(query)).scalar_one()


@contextmanager
def seeded(server: Server, template: str) -> Iterator[Development]:
    with fresh_database(server, template) as url:
        yield Development(url, seed(settings_for(url), Size.SMALL))


@pytest.fixture(scope="module")
def development(server: Server, migrated_template: str) -> Iterator[Development]:
    """Tests share it, so they only look."""
    with seeded(server, migrated_template) as made:
        yield made
