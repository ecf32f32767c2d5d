"""The schema in the database, and the models in Python: `python -m benchmarks.schema`.

`alembic upgrade head` on an empty database, against psql running the very statements that its `--sql` writes; then
`import tenantry.models`, against SQLAlchemy's ORM and as many bare models with as many columns each.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.support import RUNS, benchmark_server, medians, report, seconds
from sqlalchemy import URL, Table
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.models import Base
from tenantry.runtime.embedded import embedded_binaries

_ROOT = Path(__file__).parents[1]


def main() -> None:
    """Print both comparisons."""
    with tempfile.TemporaryDirectory() as directory:
        measure_imports(Path(directory))
        with benchmark_server() as server:
            measure_upgrade(server, Path(directory) / "schema.sql")


def measure_upgrade(server: Server, script: Path) -> None:
    """Each time on a new database, whose making is not counted."""
    with fresh_database(server) as url:
        script.write_text(_alembic(url, "--sql"))
    if "CREATE TABLE" not in script.read_text().replace("CREATE TABLE public.tenantry_ledger", ""):
        print("alembic upgrade head: not measured, since there are no revisions yet")
        return
    rounds = []
    for _ in range(RUNS):
        with fresh_database(server) as first, fresh_database(server) as second:
            rounds.append([seconds(partial(_alembic, first)), seconds(partial(_psql, second, script))])
    ours, theirs = (statistics.median(times) for times in zip(*rounds, strict=True))
    report("alembic upgrade head against psql -1 -f", ours, theirs, "1.5 at most")


def _alembic(url: URL, *options: str) -> str:
    environment = {**_environment(), "TENANTRY_DATABASE_URL": url.render_as_string(hide_password=False)}
    command = [sys.executable, "-m", "alembic", "upgrade", "head", *options]
    return subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def _psql(url: URL, script: Path) -> None:
    binaries = embedded_binaries()
    program = str(binaries / "psql") if binaries else "psql"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--file", script]
    subprocess.run([program, *options, plain], capture_output=True, check=True)


def measure_imports(directory: Path) -> None:
    """Two processes, one import each."""
    tables = list(Base.metadata.tables.values())
    (directory / "bare_models.py").write_text(bare_models(tables))
    ours, theirs = medians(
        lambda: _python("import tenantry.models", directory), lambda: _python("import bare_models", directory)
    )
    columns = sum(len(table.columns) for table in tables)
    report(f"import of {len(tables)} tables, {columns} columns, against bare models", ours, theirs, "1.3 at most")


def bare_models(tables: list[Table]) -> str:
    """A module with as many models and columns, each declared as simply as can be."""
    lines = [
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column",
        "class Base(DeclarativeBase): pass",
    ]
    for number, table in enumerate(tables):
        first, *others = (column.name for column in table.columns)
        lines.append(f"class Model{number}(Base):")
        lines.append(f"    __tablename__ = {table.name!r}")
        lines.append(f"    {first}: Mapped[str] = mapped_column(primary_key=True)")
        lines += [f"    {_attribute(name)}: Mapped[str | None] = mapped_column({name!r})" for name in others]
    return "\n".join(lines) + "\n"


def _python(code: str, directory: Path) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=directory, env=_environment(), check=True)


def _environment() -> dict[str, str]:
    """With bytecode kept, as an installed package has it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _attribute(column: str) -> str:
    return f"{column}_" if column == "metadata" else column


if __name__ == "__main__":
    main()
