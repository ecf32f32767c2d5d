"""`tenantry lint`: holes between the tenants of any database, found and explained."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from tenantry.lint import RULES, Database, LintError, Scope, Severity, lint
from tenantry.lint.ignore import Ignore, check_rules, parse_ignore, read_ignores, read_toml, sift
from tenantry.lint.report import Report, as_json, as_text
from tenantry.lint.sarif import as_sarif
from tenantry.runtime.database import checked_engine, describe
from tenantry.settings import Settings, load_settings, parse_url, project_directory

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_FORMATS: dict[str, Callable[[Report], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": partial(as_sarif, rules=RULES),
}
_SECTION = ("tool", "tenantry", "lint")
_LISTS = ("tenant-column", "schema", "role")
_FOUND, _FAILED = 1, 2


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add lint."""
    command = commands.add_parser(
        "lint",
        help="look for holes between the tenants of any database; exit code 0: none, 1: some, 2: could not look",
        description="Look for holes between the tenants of a database, ours or not. Nothing is changed. What is given"
        " here goes before what [tool.tenantry.lint] of pyproject.toml says.",
    )
    command.add_argument("--url", help="the database; the configured one unless given")
    command.add_argument("--schema", action="append", metavar="NAME", help="look only there; may be repeated")
    command.add_argument(
        "--tenant-column", action="append", metavar="NAME", help="says whose a row is (tenant_id); may be repeated"
    )
    command.add_argument(
        "--role", action="append", metavar="NAME", help="what the application runs as; may be repeated; else found out"
    )
    command.add_argument("--severity", choices=[str(one) for one in Severity], help="report these and worse (note)")
    command.add_argument(
        "--ignore", action="append", default=[], metavar="RULE:OBJECT=REASON", help="accept a finding; may be repeated"
    )
    command.add_argument("--ignore-file", type=Path, metavar="FILE", help="more of them, as [[ignore]] in TOML")
    command.add_argument("--format", choices=_FORMATS, default="text")
    command.add_argument("--output", type=Path, metavar="FILE", help="write there instead of to stdout")
    command.set_defaults(run=_lint, exit_code_of_failure=_FAILED)


def _lint(options: argparse.Namespace) -> int:
    configured = _configured()
    ignores = _ignores(options)
    check_rules(ignores, RULES)
    settings = _settings(options.url)
    scope = Scope(
        tenant_columns=tuple(options.tenant_column or configured.get("tenant-column") or ["tenant_id"]),
        schemas=tuple(options.schema or configured.get("schema", [])),
        roles=tuple(options.role or configured.get("role", [])),
        usual_roles=(settings.app_role,),
    )
    least = Severity[(options.severity or configured.get("severity", "note")).upper()]
    with _looking(settings) as connection:
        database = Database(connection, scope)
        sifted = sift(lint(database), ignores)
        name = describe(connection.engine.url)
    report = Report(name, tuple(database.application.values()), sifted.at_least(least))
    _write(_FORMATS[options.format](report), options.output)
    return _FOUND if report.sifted.findings else 0


def _configured() -> dict[str, Any]:
    """The section of pyproject.toml."""
    path = project_directory() / "pyproject.toml"
    section: Any = read_toml(path) if path.is_file() else {}
    for name in _SECTION:
        section = section.get(name, {})
    unknown = sorted(set(section) - {*_LISTS, "severity", "ignore"})
    if unknown:
        raise LintError(f"{path}: [{'.'.join(_SECTION)}] knows no {', '.join(unknown)}")
    for name in _LISTS:
        value = section.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise LintError(f"{path}: {name} of [{'.'.join(_SECTION)}] is not a list of names")
    if section.get("severity", "note") not in {str(one) for one in Severity}:
        raise LintError(f"{path}: severity of [{'.'.join(_SECTION)}] is none of {', '.join(map(str, Severity))}")
    return dict(section)


def _ignores(options: argparse.Namespace) -> list[Ignore]:
    project = project_directory() / "pyproject.toml"
    return [
        *(parse_ignore(text) for text in options.ignore),
        *(read_ignores(options.ignore_file) if options.ignore_file else []),
        *(read_ignores(project, _SECTION) if project.is_file() else []),
    ]


def _settings(url: str | None) -> Settings:
    settings = load_settings()
    if url is None:
        return settings
    try:
        parse_url(url)
    except ValueError as error:
        raise LintError(f"--url {error}") from None
    return settings.model_copy(update={"tenantry_database_url": SecretStr(url)})


@contextmanager
def _looking(settings: Settings) -> Iterator[Connection]:
    """A connection that changes nothing, whoever it is."""
    try:
        with checked_engine(settings).connect() as connection, connection.begin():
            connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            yield connection
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise LintError(f"the catalogue cannot be read: {reason}") from error


def _write(text: str, path: Path | None) -> None:
    if path is None:
        sys.stdout.write(text)
        return
    try:
        path.write_text(text)
    except OSError as error:
        raise LintError(f"cannot write {path}: {error.strerror}") from None
