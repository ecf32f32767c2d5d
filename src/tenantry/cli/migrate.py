"""Alembic's commands on the revisions that come with this package, wherever it is installed."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

import tenantry
from tenantry.errors import MigrationError
from tenantry.runtime.migrations import SETTINGS
from tenantry.settings import Settings, load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_PACKAGE = Path(tenantry.__file__).parent
_MIGRATIONS = _PACKAGE / "migrations"
_CHECKED_OUT = _PACKAGE.parents[1]


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add upgrade, downgrade, current, history, check and revision."""
    upgrade = commands.add_parser("upgrade", help="bring the database to a revision, by default the newest")
    upgrade.add_argument("revision", nargs="?", default="head")
    downgrade = commands.add_parser("downgrade", help="take the database back to a revision, or to base")
    downgrade.add_argument("revision")
    for parser in (upgrade, downgrade):
        parser.add_argument("--sql", action="store_true", help="write the script for psql instead of running it")
    revision = commands.add_parser("revision", help="write a revision with what the models and the database differ in")
    revision.add_argument("-m", "--message", required=True)
    current = commands.add_parser("current", help="show the revision of the database")
    history = commands.add_parser("history", help="list the revisions")
    check = commands.add_parser("check", help="fail if the models and the database differ")

    upgrade.set_defaults(run=lambda options: command.upgrade(config(), options.revision, sql=options.sql))
    downgrade.set_defaults(run=lambda options: command.downgrade(config(), options.revision, sql=options.sql))
    revision.set_defaults(run=_revision)
    current.set_defaults(run=lambda _: command.current(config()))
    history.set_defaults(run=lambda _: command.history(config()))
    check.set_defaults(run=lambda _: command.check(config()))


def config(settings: Settings | None = None) -> Config:
    """That of alembic.ini in a checkout; the same for an installed package, which has no such file."""
    attributes = {SETTINGS: settings or load_settings()}
    if _MIGRATIONS.is_symlink():
        return Config(_CHECKED_OUT / "alembic.ini", attributes=attributes)
    made = Config(attributes=attributes)
    made.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    return made


def _revision(options: argparse.Namespace) -> None:
    if not _MIGRATIONS.is_symlink():
        raise MigrationError(
            "the revisions of an installed package are finished; for the models of an application run"
            " `alembic revision --autogenerate` in its own project"
        )
    command.revision(config(), options.message, autogenerate=True)
