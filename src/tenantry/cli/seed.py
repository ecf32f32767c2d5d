"""`tenantry seed`: development data."""

import argparse
import sys
from typing import TYPE_CHECKING

from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_SIZES = ("small", "medium", "large")


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add seed."""
    seed = commands.add_parser("seed", help="fill a development database with tenants and all they work with")
    seed.add_argument("--size", choices=_SIZES, default="small", help="5, 50 or 1,000 tenants (default: small)")
    seed.add_argument("--force", action="store_true", help="also where there are other tenants")
    seed.set_defaults(run=_seed)


def _seed(options: argparse.Namespace) -> None:
    # the other commands do not wait for its import
    from tenantry.seed import Size, seed  # noqa: PLC0415

    done = seed(load_settings(), Size(options.size), force=options.force)
    sys.stdout.write(
        f"{done.tenants:,} tenants, {done.rows:,} rows in {done.seconds:.1f} s:"
        f" {done.rows / done.seconds:,.0f} rows a second\n"
    )
