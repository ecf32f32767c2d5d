"""Commands as a user types them: real processes with a known environment."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL

_OURS = ("TENANTRY_", "DATABASE_", "DB_", "PG")

ENV = """
from sqlalchemy import Column, Integer, MetaData, Table
from tenantry.runtime.migrations import run_migrations

metadata = MetaData()
Table("note", metadata, Column("id", Integer, primary_key=True))
run_migrations(metadata)
"""

REVISION = """
from alembic import op

revision, down_revision, branch_labels, depends_on = {revision!r}, {after!r}, None, None


def upgrade():
    {upgrade}


def downgrade():
    {downgrade}
"""


@dataclass(frozen=True)
class Project:
    """An application's project with migrations of its own, and the environment its commands run in."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        versions = self.directory / "alembic" / "versions"
        versions.mkdir(parents=True)
        (self.directory / "alembic.ini").write_text(
            "[alembic]\nscript_location = %(here)s/alembic\npath_separator = os\n"
        )
        (self.directory / "alembic" / "env.py").write_text(ENV)
        self.write_revision(
            "one", None, 'op.execute("CREATE TABLE note (id integer PRIMARY KEY)")', 'op.drop_table("note")'
        )

    def become(self, example: Path) -> None:
        """Be a copy of an example instead."""
        shutil.rmtree(self.directory)
        shutil.copytree(example, self.directory)

    def write_revision(self, revision: str, after: str | None, upgrade: str, downgrade: str = "pass") -> None:
        text = REVISION.format(revision=revision, after=after, upgrade=upgrade, downgrade=downgrade)
        (self.directory / "alembic" / "versions" / f"{revision}.py").write_text(text)

    def use(self, url: URL) -> None:
        self.environment["TENANTRY_DATABASE_URL"] = url.render_as_string(hide_password=False)

    def start(self, *command: str, **environment: str) -> subprocess.Popen[str]:
        """Begin `alembic ...`, `tenantry ...` or `pytest ...`."""
        module = {"alembic": "alembic", "tenantry": "tenantry.cli", "pytest": "pytest"}[command[0]]
        return subprocess.Popen(
            [sys.executable, "-m", module, *command[1:]],
            cwd=self.directory,
            env=_environment({**self.environment, **environment}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command: str, typed: str | None = None, **environment: str) -> "Finished":
        """Run a command to its end.

        :param typed: what is on its standard input.
        """
        return finish(self.start(*command, **environment), typed)


@dataclass(frozen=True)
class Finished:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def failure(self) -> str:
        """The one line on why it failed."""
        assert self.code != 0, self
        assert "Traceback" not in self.out + self.err, self
        lines = [line for line in self.out.splitlines() if line.startswith("FAILED: ")] or self.err.splitlines()[-1:]
        assert len(lines) == 1, self
        return lines[0].partition(": ")[2]

    def succeeded(self) -> str:
        """What it printed; fails the test if it failed."""
        assert self.code == 0, self
        return self.out


def finish(process: subprocess.Popen[str], typed: str | None = None) -> Finished:
    out, err = process.communicate(typed)
    return Finished(process.returncode, out, err)


def _environment(ours: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)} | dict(ours)
