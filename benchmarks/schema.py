"""The schema in the database, and the models in Python: `python -m benchmarks.schema`.

`alembic upgrade head` on an empty database, against psql running the very statements that its `--sql` writes; then
`import tenantry.models`, against SQLAlchemy's ORM and as many bare models with as many columns each; and against the
same models written out by hand, with their keys, indexes, CHECKs and relationships, which is what SQLAlchemy takes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.support import RUNS, benchmark_server, medians, report, seconds
from sqlalchemy import URL, CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapper
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
    """Three processes, one import each."""
    mappers = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
    (directory / "bare_models.py").write_text(models_written_out(mappers, bare=True))
    (directory / "equal_models.py").write_text(models_written_out(mappers, bare=False))
    ours, bare, equal = medians(
        *(partial(_python, f"import {name}", directory) for name in ("tenantry.models", "bare_models", "equal_models"))
    )
    columns = sum(len(mapper.columns) for mapper in mappers)
    what = f"import of {len(mappers)} models, {columns} columns,"
    report(f"{what} against bare models", ours, bare, "1.3 at most")
    report(f"{what} against the same written by hand", ours, equal, "1.3 at most")


def models_written_out(mappers: Sequence[Mapper[Any]], *, bare: bool) -> str:
    """A module with as many models and columns, each declared as simply as can be."""
    lines = [
        "from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint",
        "from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship",
        "class Base(DeclarativeBase): pass",
    ]
    for mapper in mappers:
        table = mapper.local_table
        first, *others = (column.name for column in table.columns)
        lines.append(f"class {mapper.class_.__name__}(Base):")
        lines.append(f"    __tablename__ = {table.name!r}")
        lines.append(f"    {first}: Mapped[str] = mapped_column(primary_key=True)")
        lines += [f"    {_attribute(name)}: Mapped[str | None] = mapped_column({name!r})" for name in others]
        if not bare:
            lines += _relationships(mapper)
            lines.append(f"    __table_args__ = ({''.join(f'{item}, ' for item in _table_arguments(table))})")
    return "\n".join(lines) + "\n"


def _relationships(mapper: Mapper[Any]) -> Iterator[str]:
    for found in mapper.relationships:
        target = found.mapper.class_.__name__
        kind = f"list[{target!r}]" if found.uselist else repr(target)
        yield f"    {found.key}: Mapped[{kind}] = relationship(primaryjoin='...', lazy='raise_on_sql')"


def _table_arguments(table: Any) -> Iterator[str]:
    for constraint in table.constraints:
        names = [column.name for column in constraint.columns]
        if isinstance(constraint, ForeignKeyConstraint):
            targets = [element.target_fullname for element in constraint.elements]
            yield f"ForeignKeyConstraint({names}, {targets}, name={constraint.name!r})"
        elif isinstance(constraint, UniqueConstraint):
            yield f"UniqueConstraint({', '.join(map(repr, names))}, name={constraint.name!r})"
        elif isinstance(constraint, CheckConstraint):
            yield f"CheckConstraint({str(constraint.sqltext)!r}, name={constraint.name!r})"
    for index in table.indexes:
        yield f"Index({index.name!r}, {', '.join(repr(column.name) for column in index.columns)})"


def _python(code: str, directory: Path) -> None:
    subprocess.run([sys.executable, "-c", code], cwd=directory, env=_environment(), check=True)


def _environment() -> dict[str, str]:
    """With bytecode kept, as an installed package has it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _attribute(column: str) -> str:
    return f"{column}_" if column == "metadata" else column


if __name__ == "__main__":
    main()
