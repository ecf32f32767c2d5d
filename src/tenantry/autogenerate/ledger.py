"""The ledger: which objects of the database the declaration owns.

What the ledger names and the declaration no longer does is dropped; what neither names belongs to somebody else.
"""

from collections.abc import Iterable
from typing import Final

from tenantry.autogenerate.definitions.sql import literal

TABLE: Final = "tenantry_ledger"
COMMENT: Final = "What migrations created: only that is dropped when it leaves the declaration."

CREATE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (kind text NOT NULL, identity text NOT NULL, PRIMARY KEY (kind, identity))",
    f"COMMENT ON TABLE {TABLE} IS {literal(COMMENT)}",
    f"REVOKE ALL ON TABLE {TABLE} FROM PUBLIC",
)


Entry = tuple[str, str]


def remember(*entries: Entry) -> str:
    """The statement that enters objects, by kind and identity."""
    return f"INSERT INTO {TABLE} VALUES {_listed(entries)} ON CONFLICT DO NOTHING"


def forget(*entries: Entry) -> str:
    """The statement that strikes objects out."""
    return f"DELETE FROM {TABLE} WHERE (kind, identity) IN ({_listed(entries)})"


def rename(entry: Entry, identity: str) -> str:
    """The statement that enters an object under another identity."""
    return f"UPDATE {TABLE} SET identity = {literal(identity)} WHERE (kind, identity) = {_listed([entry])}"


def rename_target(old: str, new: str) -> str:
    """The statement that has grants and owners name an object as it is called now."""
    before, after = literal(f" on {old} to "), literal(f" on {new} to ")
    return (
        f"UPDATE {TABLE} SET identity = CASE kind WHEN 'owner' THEN {literal(new)}"
        f" ELSE replace(identity, {before}, {after}) END"
        f" WHERE (kind = 'grant' AND strpos(identity, {before}) > 0) OR (kind, identity) = ('owner', {literal(old)})"
    )


def _listed(entries: Iterable[Entry]) -> str:
    return ", ".join(f"({literal(kind)}, {literal(identity)})" for kind, identity in entries)


def remembered(kind: str, identity: str) -> str:
    """A condition: the ledger names the object."""
    return f"EXISTS (SELECT FROM {TABLE} WHERE kind = {literal(kind)} AND identity = {literal(identity)})"
