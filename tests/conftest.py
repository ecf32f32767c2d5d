"""What every test can ask for: a real server, a database of its own, that database migrated."""

import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL
from tests.support.commands import Project
from tests.support.databases import drop_database, ensure_migrated, fresh_database
from tests.support.servers import Server, start_servers

_SERVERS = pytest.StashKey[list[Server]]()
_TEMPLATE = pytest.StashKey[str]()
_RUNNING = pytest.StashKey[ExitStack]()


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """The first process starts the servers; the workers of xdist get their addresses from it."""
    config = session.config
    given = getattr(config, "workerinput", None)
    if given is not None:
        config.stash[_SERVERS] = [Server.load(dumped) for dumped in given["servers"]]
        config.stash[_TEMPLATE] = given["template"]
        return
    # whoever ends the run early ends its servers with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = config.stash[_RUNNING] = ExitStack()
    config.stash[_SERVERS] = start_servers(running)
    config.stash[_TEMPLATE] = f"template_{uuid.uuid4().hex}"
    for server in config.stash[_SERVERS]:
        running.callback(drop_database, server, config.stash[_TEMPLATE])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["servers"] = [server.dump() for server in node.config.stash[_SERVERS]]
    node.workerinput["template"] = node.config.stash[_TEMPLATE]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    running = session.config.stash.get(_RUNNING, None)
    if running is not None:
        running.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        servers = metafunc.config.stash[_SERVERS]
        metafunc.parametrize("server", servers, indirect=True, ids=str, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """A server of each major version at hand."""
    found: Server = request.param
    return found


@pytest.fixture
def database(server: Server) -> Iterator[URL]:
    """An empty database."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(server: Server, request: pytest.FixtureRequest) -> str:
    """The name of a database with the newest schema, to copy."""
    name = request.config.stash[_TEMPLATE]
    ensure_migrated(server, name)
    return name


@pytest.fixture
def migrated_database(server: Server, migrated_template: str) -> Iterator[URL]:
    """A database with the newest schema."""
    with fresh_database(server, migrated_template) as url:
        yield url


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of an application, with no database configured."""
    return Project(tmp_path / "project")
