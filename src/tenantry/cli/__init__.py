"""The `tenantry` command."""

import argparse
import sys
from collections.abc import Sequence

from alembic.util import CommandError

from tenantry.cli import context_key, database, logins, migrate, push, seed
from tenantry.errors import TenantryError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 1, with one line on stderr, for whatever a user can mend."""
    parser = argparse.ArgumentParser(prog="tenantry", description="The database of a multi-tenant SaaS.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    migrate.add_commands(commands)
    push.add_commands(commands)
    database.add_commands(commands)
    seed.add_commands(commands)
    context_key.add_commands(commands)
    logins.add_commands(commands)
    options, rest = parser.parse_known_args(arguments)
    if rest and "passed_on" not in options:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.passed_on = rest
    try:
        options.run(options)
    except (TenantryError, CommandError) as error:
        sys.stderr.write(f"tenantry: {error}\n")
        return 1
    return 0
