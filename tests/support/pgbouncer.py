"""PgBouncer in front of a test server, pooling transactions."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool
from sqlalchemy.exc import OperationalError

#: Debian's, which is not in everybody's PATH
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"
_PORT = 6432  # only the name of the socket
_NOBODY = "nobody"


_PROGRAM = shutil.which("pgbouncer", path=_PLACES)

needs_pgbouncer = pytest.mark.skipif(_PROGRAM is None, reason="PgBouncer is not installed: apt-get install pgbouncer")


@contextmanager
def pgbouncer(login: URL, connections: int, **options: str) -> Iterator[URL]:
    """The same database through PgBouncer, which has so many connections to it.

    :param options: of its section ``[pgbouncer]``, besides those that a test always needs.
    """
    assert _PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="tenantry-") as name:
        directory = Path(name)
        options = {
            "unix_socket_dir": name,
            "listen_port": str(_PORT),
            "auth_type": "scram-sha-256",
            "auth_file": str(directory / "users"),
            "pool_mode": "transaction",
            "default_pool_size": str(connections),
            "max_client_conn": "500",
            "logfile": str(directory / "log"),
            **options,
        }
        (directory / "users").write_text(f'"{login.username}" "{login.password}"\n')
        lines = ["[databases]", f"{login.database} = {_destination(login)}", "[pgbouncer]"]
        (directory / "ini").write_text("\n".join([*lines, *(" = ".join(item) for item in options.items())]))
        user = _system_user(login)
        if user is not None:
            for path in (directory, *directory.iterdir()):
                os.chown(path, user.pw_uid, user.pw_gid)
        process = subprocess.Popen(
            [_PROGRAM, "--quiet", directory / "ini"],
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=user and [],
        )
        try:
            through = login.set(host=None, port=None, query={"host": name, "port": str(_PORT)})
            _wait_until_ready(process, through, directory / "log")
            yield through
        finally:
            process.terminate()
            process.wait()


def _destination(login: URL) -> str:
    host = login.host or login.query["host"]
    port = login.port or login.query.get("port", 5432)
    return f"host={host} port={port}"


def _system_user(login: URL) -> pwd.struct_passwd | None:
    """PgBouncer does not run as root; the server's user reaches the server's socket."""
    if os.geteuid() != 0:
        return None
    socket = login.query.get("host")
    if login.host is None and isinstance(socket, str):
        return pwd.getpwuid(Path(socket).stat().st_uid)
    return pwd.getpwnam(_NOBODY)


def _wait_until_ready(process: subprocess.Popen[bytes], url: URL, log: Path) -> None:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    while process.poll() is None:
        try:
            engine.connect().close()
        except OperationalError:
            continue
        return
    raise RuntimeError(f"PgBouncer did not start: {log.read_text() if log.exists() else 'no reason given'}")
