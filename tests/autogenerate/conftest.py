"""What every case runs on: one database for all of them, because none commits anything."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from sqlalchemy import URL
from tests.support.autogenerate import Revision, compare_and_run, comparing
from tests.support.databases import fresh_database
from tests.support.servers import Server

Run = Callable[..., Revision]


@pytest.fixture(scope="session")
def shared_database(server: Server) -> Iterator[URL]:
    """A database with a second schema, in which nobody may commit."""
    with fresh_database(server) as url:
        with comparing(url) as comparison:
            comparison.execute('CREATE SCHEMA other; CREATE SCHEMA "Odd Schema"')
            comparison.connection.commit()
        yield url


@pytest.fixture
def run(shared_database: URL) -> Run:
    """Compare and run a pair of declarations."""
    return partial(compare_and_run, shared_database)
