"""The real PostgreSQL servers that a test session runs on: started once, shared by all its processes."""

import contextlib
import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import sqlalchemy
from sqlalchemy import URL, NullPool, make_url

from tenantry.runtime.embedded import embedded_server
from tenantry.runtime.local_server import LocalServer
from tenantry.settings import Settings, load_settings, parse_url
from tenantry.testing.server import PARAMETERS, running_container

_DISTRIBUTION = Path("/usr/lib/postgresql")
_OLDEST = 15
_MEMORY = Path("/dev/shm")  # noqa: S108
#: bytes that the servers of a session may come to
_ROOM = 8 * 1024**3


@dataclass(frozen=True)
class Server:
    """A running server and how an administrator gets in."""

    major: int
    url: URL

    @classmethod
    def at(cls, url: URL) -> Self:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            version = connection.exec_driver_sql("SHOW server_version_num").scalar_one()
        return cls(int(version) // 10_000, url)

    def __str__(self) -> str:
        return f"pg{self.major}"

    def dump(self) -> dict[str, str]:
        """For a worker process, which gets nothing but plain values."""
        return {"major": str(self.major), "url": self.url.render_as_string(hide_password=False)}

    @classmethod
    def load(cls, dumped: Mapping[str, str]) -> Self:
        return cls(int(dumped["major"]), make_url(dumped["url"]))


def start_servers(session: ExitStack) -> list[Server]:
    """One server as configured, in a container or embedded, and one of every other major that is installed."""
    servers = [Server.at(_main_server(session))]
    for binaries in sorted(_DISTRIBUTION.glob("*/bin")):
        major = int(binaries.parent.name)
        if major >= _OLDEST and major not in {server.major for server in servers}:
            servers.append(Server.at(_installed(session, binaries)))
    return servers


def _main_server(session: ExitStack) -> URL:
    settings = load_settings()
    if settings.test_database_url is not None:
        return parse_url(settings.test_database_url.get_secret_value())
    return session.enter_context(running_container(settings)) if _docker_answers() else _embedded(session)


def _docker_answers() -> bool:
    import docker  # noqa: PLC0415

    with warnings.catch_warnings():
        # its client forgets to close a socket that nobody listens on
        warnings.simplefilter("ignore", ResourceWarning)
        answers = False
        with contextlib.suppress(docker.errors.DockerException), contextlib.closing(docker.from_env()) as client:
            answers = bool(client.ping())
        gc.collect()
        return answers


def _embedded(session: ExitStack) -> URL:
    server = embedded_server(Settings.model_construct())
    return _started(session, server.binaries, server.system_user, server.initdb_options)


@contextlib.contextmanager
def server_to_kill() -> Iterator[LocalServer]:
    """An embedded server of a test's own, whose own death, though not the machine's, leaves what it has committed."""
    found = embedded_server(Settings.model_construct())
    parameters = {**PARAMETERS, "synchronous_commit": "on"}
    with _directory() as directory:
        server = replace(found, directory=directory, parameters=parameters)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def standby_of(fill: Callable[[URL], None]) -> Iterator[URL]:
    """A standby of an embedded server that has been filled before."""
    with ExitStack() as session:
        found = embedded_server(Settings.model_construct())
        primary, standby = (
            LocalServer(
                session.enter_context(_directory()),
                found.binaries,
                found.system_user,
                found.initdb_options,
                PARAMETERS,
            )
            for _ in range(2)
        )
        primary.start()
        session.callback(primary.stop)
        fill(primary.url())
        standby._let_system_user_in()
        standby._run("pg_basebackup", "-D", str(standby.data), "-d", primary._conninfo(), "-R", "-c", "fast")
        standby._start()
        session.callback(standby.stop)
        yield standby.url()


def _installed(session: ExitStack, binaries: Path) -> URL:
    return _started(session, binaries, "postgres", ("--locale=C.UTF-8",))


def _roomy_memory() -> Path | None:
    """A file system in memory: those on disk are slow to make files where as many have just been deleted."""
    here = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if here else None


def _started(session: ExitStack, binaries: Path, system_user: str, initdb_options: tuple[str, ...]) -> URL:
    directory = session.enter_context(_directory())
    server = LocalServer(directory, binaries, system_user, initdb_options, PARAMETERS)
    server.start()
    session.callback(server.stop)
    return server.url()


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="tenantry-", dir=_roomy_memory()))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)
