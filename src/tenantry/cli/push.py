"""`tenantry push`: make a development database what is declared, without a revision."""

import argparse
import sys
from typing import TYPE_CHECKING

from tenantry.autogenerate.push import push
from tenantry.runtime.declaration import metadatas
from tenantry.runtime.migrations import owner_connection
from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_OURS = "tenantry.models:Base.metadata"


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add push."""
    command = commands.add_parser("push", help="make a development database what is declared, without a revision")
    command.add_argument(
        "--metadata", default=_OURS, metavar="MODULE:NAME", help=f"what is declared; {_OURS} unless given"
    )
    command.set_defaults(run=_push)


def _push(options: argparse.Namespace) -> None:
    settings = load_settings()
    sys.path.insert(0, "")
    declared = metadatas(options.metadata, settings)
    with owner_connection(settings) as connection:
        done = push(
            connection,
            declared,
            {"tenantry_role_names": settings.role_names, "tenantry_run_as": settings.owner_role},
        )
    sys.stderr.write(f"tenantry: {len(done)} changes made\n")
