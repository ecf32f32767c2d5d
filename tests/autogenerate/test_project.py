"""The plugin in a project as its users have it: files, and Alembic's own commands."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import URL
from tests.support.commands import Project

ENV = """
from alembic import context
from models import Base
from sqlalchemy import create_engine, NullPool
import os

engine = create_engine(os.environ["TENANTRY_DATABASE_URL"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        autogenerate_plugins=["alembic.autogenerate.*", "tenantry.*"],
    )
    with context.begin_transaction():
        context.run_migrations()
"""

TEMPLATE = '''"""${message}"""

from typing import Final

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}

revision: Final = ${repr(up_revision)}
down_revision: Final = ${repr(down_revision)}
branch_labels: Final = ${repr(branch_labels)}
depends_on: Final = ${repr(depends_on)}


def upgrade() -> None:
    """Upgrade."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Downgrade."""
    ${downgrades if downgrades else "pass"}
'''

MODELS = """
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tenantry.ddl import Function, Grant, Policy, Procedure, Rows, RowSecurity, Schema, Trigger, View


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None]
    __table_args__ = (
        RowSecurity(),
        Policy("p", using="is_mine(text)", with_check="is_mine(text)", to="pg_monitor", comment="It's mine."),
        Trigger("t", before="insert", execute="stamp()"),
        Grant("select, insert", to="pg_monitor"),
    )


path = ("pg_catalog", "public", "pg_temp")
BODY = '''
BEGIN
    NEW.text := coalesce(NEW.text, '50% of :what \\\\n "x"');
    RETURN NEW;
END
'''
Function("stamp", returns="trigger", language="plpgsql", body=BODY, metadata=Base.metadata)
mine = Function("is_mine", arguments="t text", returns="boolean", body="RETURN t <> ''", search_path=path,
                metadata=Base.metadata)
Grant("execute", to="pg_monitor", on=mine, metadata=Base.metadata)
Procedure("tidy", body="DELETE FROM notes", metadata=Base.metadata)
View("v", "SELECT id, text FROM notes", comment="All.", metadata=Base.metadata)
Rows(Note, [{"id": 1, "text": "first"}])
"""

CHANGED = (
    MODELS.replace("RETURN t <> ''", "RETURN length(t) > 1").replace('"first"', '"fi\\trst"').replace("50%", "60%")
    + 'View("w", "SELECT id FROM v", metadata=Base.metadata)\n'
)


@pytest.fixture
def application(project: Project, database: URL) -> Project:
    """A project with migrations by the plugin alone."""
    (project.directory / "alembic" / "env.py").write_text(ENV)
    (project.directory / "alembic" / "script.py.mako").write_text(TEMPLATE)
    (project.directory / "alembic" / "versions" / "one.py").unlink()
    (project.directory / "models.py").write_text(MODELS)
    with (project.directory / "alembic.ini").open("a") as settings:
        settings.write("prepend_sys_path = %(here)s\n")
    project.use(database)
    return project


def _written(project: Project, message: str) -> Path:
    """The revision that autogenerate writes."""
    before = set((project.directory / "alembic" / "versions").glob("*.py"))
    project.run("alembic", "revision", "--autogenerate", "-m", message).succeeded()
    (written,) = set((project.directory / "alembic" / "versions").glob("*.py")) - before
    return written


def test_a_declaration_becomes_revisions_that_run_both_ways(application: Project) -> None:
    _written(application, "first")
    application.run("alembic", "upgrade", "head").succeeded()
    application.run("alembic", "check").succeeded()
    (application.directory / "models.py").write_text(CHANGED)
    failed = application.run("alembic", "check")
    assert failed.code != 0
    assert "\n  change function is_mine(t text): body changed from \"RETURN (t <> ''::text)\" to" in failed.out
    assert "\n  create view w" in failed.out
    second = _written(application, "second").read_text()
    assert "create_table" not in second
    application.run("alembic", "upgrade", "head").succeeded()
    empty = _written(application, "third").read_text()
    assert empty.count("pass") == len(("upgrade", "downgrade"))
    application.run("alembic", "downgrade", "base").succeeded()
    application.run("alembic", "upgrade", "head").succeeded()
    application.run("alembic", "check").succeeded()


def test_a_revision_is_clean_python(application: Project) -> None:
    """Imports complete, lines and types in order, as a project's own checks demand."""
    written = _written(application, "first")
    for tool in (
        ("ruff", "check", "--isolated", "--select", "E,F,W,UP,RUF", "--ignore", "F401", "--line-length", "120"),
        ("mypy", "--strict", "--no-incremental", "--cache-dir", str(application.directory / ".mypy")),
    ):
        command = [sys.executable, "-m", *tool, str(written)]
        finished = subprocess.run(command, cwd=application.directory, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, f"{finished.stdout}{finished.stderr}\n{written.read_text()}"


MODULES = ("alembic", "tenantry", "tenantry.autogenerate.plugin", "tenantry.autogenerate.ops", "tenantry.ddl")


@pytest.mark.parametrize("first", [*MODULES, "tenantry.autogenerate.compare", "alembic.autogenerate", "alembic.op"])
def test_modules_are_imported_in_any_order(first: str) -> None:
    code = "".join(f"import {name}\n" for name in (first, *MODULES))
    finished = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
