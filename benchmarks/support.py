"""What the benchmarks have in common: a server of their own, and how they measure."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import sqlalchemy
from sqlalchemy import URL, NullPool
from tests.support.databases import fresh_database, settings_for
from tests.support.servers import Server, start_servers

from tenantry.autogenerate.push import push
from tenantry.models import Base
from tenantry.models.roles import OWNER
from tenantry.runtime.embedded import embedded_server
from tenantry.runtime.migrations import prepare
from tenantry.settings import Settings

RUNS = 5


@contextmanager
def benchmark_server() -> Iterator[Server]:
    """The newest PostgreSQL at hand, as the tests find it."""
    with ExitStack() as stack:
        yield start_servers(stack)[0]


@contextmanager
def durable_server() -> Iterator[Server]:
    """An embedded PostgreSQL that commits as one in production does; those of the tests do not wait for the disk."""
    with tempfile.TemporaryDirectory(prefix="tenantry-") as directory:
        Path(directory).chmod(0o711)
        found = embedded_server(Settings.model_construct())
        parameters = {**found.parameters, "shared_buffers": "512MB", "max_wal_size": "4GB"}
        server = replace(found, directory=Path(directory), parameters=parameters)
        server.start()
        try:
            yield Server.at(server.url())
        finally:
            server.stop()


@contextmanager
def declared_database(server: Server) -> Iterator[URL]:
    """A database with every table that is declared, and no rows but the reference rows."""
    with fresh_database(server) as url:
        with sqlalchemy.create_engine(url, poolclass=NullPool).begin() as connection:
            prepare(connection, settings_for(url))
            push(connection, Base.metadata, {"tenantry_run_as": OWNER})
        yield url


def seconds(work: Callable[[], object]) -> float:
    """How long something takes, once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(*works: Callable[[], object]) -> list[float]:
    """How long each takes: medians of several rounds, so that what slows the machine slows all of them."""
    rounds = [[seconds(work) for work in works] for _ in range(RUNS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def report(what: str, ours: float, theirs: float, target: str) -> None:
    """Print one comparison."""
    print(f"{what}: {ours:.2f} s against {theirs:.2f} s, ratio {ours / theirs:.2f} (target {target})", flush=True)
