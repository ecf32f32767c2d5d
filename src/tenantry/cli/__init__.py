"""The `tenantry` command."""

import argparse
import sys
from collections.abc import Sequence

from alembic.util import CommandError

from tenantry.cli import audit, database, keys, lint, logins, migrate, push, seed
from tenantry.errors import TenantryError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 1, with one line on stderr, for whatever a user can mend.

    A command whose exit codes mean more returns its own, and may say which one its failure has.
    """
    parser = argparse.ArgumentParser(prog="tenantry", description="The database of a multi-tenant SaaS.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="command")
    migrate.add_commands(commands)
    push.add_commands(commands)
    database.add_commands(commands)
    seed.add_commands(commands)
    keys.add_commands(commands)
    logins.add_commands(commands)
    lint.add_commands(commands)
    audit.add_commands(commands)
    options, rest = parser.parse_known_args(arguments)
    if rest and "passed_on" not in options:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    options.passed_on = rest
    try:
        code: int | None = options.run(options)
    except (TenantryError, CommandError) as error:
        sys.stderr.write(f"tenantry: {error}\n")
        return int(vars(options).get("exit_code_of_failure", 1))
    return code or 0
