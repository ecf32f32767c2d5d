"""`tenantry audit`: the audit logs sealed, and proved to be what they were."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from tenantry.runtime.audit import BATCH, Anchor, Sealed, Verification, seal_audit_log, verify_audit_log
from tenantry.runtime.database import checked_engine
from tenantry.settings import load_settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_BROKEN, _FAILED = 1, 2


def add_commands(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add audit seal and audit verify."""
    audit = commands.add_parser("audit", help="seal the audit logs, and prove that nobody has changed them")
    subcommands = audit.add_subparsers(title="commands", required=True, metavar="command")
    seal = subcommands.add_parser("seal", help="seal what is final, and print the newest seal as number:hash")
    seal.add_argument("--batch", type=int, default=BATCH, metavar="N", help=f"entries a seal at most ({BATCH})")
    seal.set_defaults(run=_seal)
    verify = subcommands.add_parser(
        "verify", help="follow the chain of seals; exit code 0: intact, 1: broken, 2: could not look"
    )
    verify.add_argument("--anchor", metavar="NUMBER:HASH", help="a seal that was noted outside of the database")
    verify.set_defaults(run=_verify, exit_code_of_failure=_FAILED)
    for command in (seal, verify):
        command.add_argument("--format", choices=("text", "json"), default="text")


def _seal(options: argparse.Namespace) -> None:
    engine = checked_engine(load_settings()).execution_options(isolation_level="READ COMMITTED")
    with engine.begin() as connection:
        sealed = seal_audit_log(connection, options.batch)
    if options.format == "json":
        _write_json(_of_sealed(sealed))
        return
    sys.stderr.write(f"tenantry: {sealed.entries:,} entries were sealed\n")
    if sealed.newest is not None:
        sys.stdout.write(f"{sealed.newest}\n")


def _verify(options: argparse.Namespace) -> int:
    anchor = Anchor.parse(options.anchor) if options.anchor is not None else None
    engine = checked_engine(load_settings()).execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )
    with engine.connect() as connection:
        found = verify_audit_log(connection, anchor)
    if options.format == "json":
        _write_json(_of_verification(found))
    else:
        verdict = "intact" if found.broken is None else f"broken: {found.broken}"
        sys.stdout.write(
            f"{verdict}\n{found.seals:,} seals hold, over {found.entries:,} entries;"
            f" {found.unsealed:,} are not sealed yet\n"
        )
    return 0 if found.is_intact else _BROKEN


def _of_sealed(sealed: Sealed) -> dict[str, Any]:
    return {"sealed": sealed.entries, "anchor": _written(sealed.newest)}


def _of_verification(found: Verification) -> dict[str, Any]:
    broken = found.broken
    return {
        "intact": found.is_intact,
        "seals": found.seals,
        "entries": found.entries,
        "unsealed": found.unsealed,
        "anchor": _written(found.newest),
        "broken": broken
        and {"fault": broken.fault, "seal": broken.seal, "entry": broken.entry, "message": str(broken)},
    }


def _written(anchor: Anchor | None) -> str | None:
    return None if anchor is None else str(anchor)


def _write_json(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
