"""`tenantry keys`: what signs the contexts that requests run in."""

import argparse
import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tenantry.runtime.context import ContextKey, configured_key
from tenantry.runtime.key_rotation import InstalledKey, installed_keys, remove, rotate
from tenantry.runtime.migrations import owner_connection
from tenantry.settings import load_settings, milliseconds

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_BYTES = 32


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add keys new, install, rotate, list and remove."""
    keys = commands.add_parser("keys", help="make, install, rotate and remove the keys that sign contexts")
    subcommands = keys.add_subparsers(title="commands", required=True, metavar="command")
    new = subcommands.add_parser("new", help="print a new random key, for TENANTRY_CONTEXT_KEY")
    new.set_defaults(run=_new)
    install = subcommands.add_parser(
        "install", help="have the database accept contexts signed with TENANTRY_CONTEXT_KEY"
    )
    install.set_defaults(run=_install)
    rotation = subcommands.add_parser("rotate", help="install a new key, print it, and have the others expire")
    rotation.add_argument(
        "--overlap",
        type=_duration,
        default="15m",
        metavar="TIME",
        help="how long contexts signed with the others are still accepted: 90s, 15m, 2h (default: 15m)",
    )
    rotation.set_defaults(run=_rotate)
    listing = subcommands.add_parser("list", help="show which keys the database accepts, and until when")
    listing.set_defaults(run=_list)
    removal = subcommands.add_parser("remove", help="have the database refuse contexts signed with a key")
    removal.add_argument("kid", help="the key's name, as list shows it")
    removal.set_defaults(run=_remove)


def _duration(value: str) -> timedelta:
    try:
        return timedelta(milliseconds=milliseconds(value))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{value} {error}") from None


def _new(_: argparse.Namespace) -> None:
    sys.stdout.write(secrets.token_hex(_BYTES) + "\n")


def _install(_: argparse.Namespace) -> None:
    settings = load_settings()
    key = configured_key(settings)
    with owner_connection(settings) as connection:
        key.install(connection)
    sys.stderr.write(f"tenantry: contexts signed with key {key.kid} are accepted\n")


def _rotate(options: argparse.Namespace) -> None:
    secret = secrets.token_hex(_BYTES)
    key = ContextKey(secret)
    with owner_connection(load_settings()) as connection:
        rotate(connection, key, options.overlap)
    sys.stdout.write(secret + "\n")
    sys.stderr.write(
        f"tenantry: contexts signed with key {key.kid} are accepted, those of other keys for {options.overlap} longer:"
        " set TENANTRY_CONTEXT_KEY to the new one until then\n"
    )


def _list(_: argparse.Namespace) -> None:
    settings = load_settings()
    configured = settings.context_key and ContextKey(settings.context_key).kid
    with owner_connection(settings) as connection:
        found = installed_keys(connection)
    for key in found:
        mark = "  TENANTRY_CONTEXT_KEY" if key.kid == configured else ""
        sys.stdout.write(f"{key.kid}  installed {key.installed_at:%Y-%m-%d %H:%M:%S %Z}  {_validity(key)}{mark}\n")


def _validity(key: InstalledKey) -> str:
    if key.valid_until is None:
        return "valid"
    verb = "valid until" if key.valid_until > datetime.now(UTC) else "expired"
    return f"{verb} {key.valid_until:%Y-%m-%d %H:%M:%S %Z}"


def _remove(options: argparse.Namespace) -> None:
    with owner_connection(load_settings()) as connection:
        remove(connection, options.kid)
    sys.stderr.write(f"tenantry: contexts signed with key {options.kid} are refused\n")
