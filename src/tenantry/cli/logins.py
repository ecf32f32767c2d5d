"""`tenantry grant-login`: a login for an application, or for the back office."""

import argparse
import sys
from typing import TYPE_CHECKING

from tenantry.runtime.database import checked_engine
from tenantry.runtime.granting import grant_login
from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add grant-login."""
    command = commands.add_parser(
        "grant-login", help="let a login run requests or the back office; it is made if it is not there"
    )
    command.add_argument("name")
    command.add_argument("--as", dest="purpose", choices=("app", "superadmin"), required=True, help="what it is for")
    command.add_argument(
        "--password-stdin", action="store_true", help="give a new login the password on standard input"
    )
    command.set_defaults(run=_grant)


def _grant(options: argparse.Namespace) -> None:
    password = sys.stdin.readline().rstrip("\n") if options.password_stdin else None
    settings = load_settings()
    with checked_engine(settings).begin() as connection:
        made = grant_login(connection, options.name, options.purpose, settings, password)
    sys.stderr.write(
        f"tenantry: login {options.name} {'was made' if made else 'was there'}, now for {options.purpose}\n"
    )
