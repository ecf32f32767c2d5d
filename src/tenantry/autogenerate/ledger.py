"""The ledger: which objects of the database the declaration owns.

What the ledger names and the declaration no longer does is dropped; what neither names belongs to somebody else.
"""

from typing import Final

from tenantry.autogenerate.definitions.sql import literal

TABLE: Final = "tenantry_ledger"

CREATE: Final = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (kind text NOT NULL, identity text NOT NULL, PRIMARY KEY (kind, identity))",
    f"COMMENT ON TABLE {TABLE} IS 'What migrations created: only that is dropped when it leaves the declaration.'",
    f"REVOKE ALL ON TABLE {TABLE} FROM PUBLIC",
)


def remember(kind: str, identity: str) -> str:
    """The statement that enters an object."""
    return f"INSERT INTO {TABLE} VALUES ({literal(kind)}, {literal(identity)}) ON CONFLICT DO NOTHING"


def forget(kind: str, identity: str) -> str:
    """The statement that strikes an object out."""
    return f"DELETE FROM {TABLE} WHERE kind = {literal(kind)} AND identity = {literal(identity)}"


def remembered(kind: str, identity: str) -> str:
    """A condition: the ledger names the object."""
    return f"EXISTS (SELECT FROM {TABLE} WHERE kind = {literal(kind)} AND identity = {literal(identity)})"
