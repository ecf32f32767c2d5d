"""`tenantry context-key`: the keys that sign what tenant and user a request runs as."""

import argparse
import secrets
import sys
from typing import TYPE_CHECKING

from tenantry.runtime.context import configured_key
from tenantry.runtime.migrations import owner_connection
from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_BYTES = 32


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add context-key new, install and remove."""
    key = commands.add_parser("context-key", help="make, install and remove the key that signs contexts")
    subcommands = key.add_subparsers(title="commands", required=True, metavar="command")
    new = subcommands.add_parser("new", help="print a new random key, for TENANTRY_CONTEXT_KEY")
    install = subcommands.add_parser(
        "install", help="let the database accept contexts signed with TENANTRY_CONTEXT_KEY"
    )
    remove = subcommands.add_parser("remove", help="have the database refuse contexts signed with TENANTRY_CONTEXT_KEY")
    new.set_defaults(run=_new)
    install.set_defaults(run=_install)
    remove.set_defaults(run=_remove)


def _new(_: argparse.Namespace) -> None:
    sys.stdout.write(secrets.token_hex(_BYTES) + "\n")


def _install(_: argparse.Namespace) -> None:
    key = configured_key()
    with owner_connection(load_settings()) as connection:
        key.install(connection)
    sys.stderr.write(f"tenantry: contexts signed with key {key.kid} are accepted\n")


def _remove(_: argparse.Namespace) -> None:
    key = configured_key()
    with owner_connection(load_settings()) as connection:
        key.remove(connection)
    sys.stderr.write(f"tenantry: contexts signed with key {key.kid} are refused\n")
