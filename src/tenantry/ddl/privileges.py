"""Which privileges there are on which kind of object."""

from sqlalchemy import Sequence, Table

from tenantry.ddl.attachment import DeclarationError, words
from tenantry.ddl.function import Routine
from tenantry.ddl.view import View

Names = str | list[str] | tuple[str, ...]

_TABLE = ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain")
_PRIVILEGES = {
    "table": _TABLE,
    "column": ("select", "insert", "update", "references"),
    "sequence": ("usage", "select", "update"),
    "function": ("execute",),
    "procedure": ("execute",),
    "schema": ("usage", "create"),
    "type": ("usage",),
}


def kind_of(on: object) -> str:
    """The kind of an object, as GRANT names it."""
    if isinstance(on, Table | View):
        return "table"
    if isinstance(on, Routine):
        return on.kind
    if isinstance(on, Sequence):
        return "sequence"
    return "schema" if getattr(on, "kind", None) == "schema" else "type"


def privileges_on(kind: str, privileges: Names, to: tuple[str, ...], with_grant_option: bool) -> tuple[str, ...]:
    """The privileges, in lower case, if there are such on a kind of object and they can be granted like that.

    :raises DeclarationError: when there are none, or PostgreSQL knows one of them not there.
    """
    found = tuple(privilege.lower() for privilege in words(privileges))
    allowed = _PRIVILEGES[kind]
    if not found or not set(found) <= set(allowed):
        msg = f"a grant on a {kind} names some of {', '.join(allowed)}, not {', '.join(found) or 'nothing'}"
        raise DeclarationError(msg)
    if with_grant_option and any(role.lower() == "public" for role in to):
        msg = f"{', '.join(found)}: PostgreSQL gives PUBLIC no grant option"
        raise DeclarationError(msg)
    return found
