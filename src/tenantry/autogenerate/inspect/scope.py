"""What part of a database a comparison looks at."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from tenantry.autogenerate import ledger


@dataclass(frozen=True)
class Scope:
    """The schemas to look at, and how names are written.

    :param names: the schemas to look at, as PostgreSQL knows them, each with the name definitions use: None for the
        default schema, whose objects are written without one.
    :param role_names: what a deployment calls the roles, by declared name.
    :param claimed: schemas in which everything is ours, whether the ledger knows it or not.
    """

    names: Mapping[str, str | None]
    role_names: Mapping[str, str] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()

    def schema(self, name: str) -> str | None:
        """A schema as definitions write it."""
        return self.names.get(name, name)

    def role(self, name: str) -> str:
        """A role as declarations call it."""
        return next((declared for declared, called in self.role_names.items() if called == name), name)

    def rows(self, connection: Connection, query: str, **parameters: Any) -> list[Any]:
        """The rows of a query of the system catalogue that takes ``:schemas``."""
        return list(connection.execute(_text(query), {"schemas": list(self.names), **parameters}))


_text = functools.cache(text)


NOT_OF_EXTENSION = "NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = {0} AND e.objid = {1} AND e.deptype = 'e')"


def read_ledger(connection: Connection) -> frozenset[tuple[str, str]]:
    """What the ledger says the declaration owns."""
    exists = connection.execute(text("SELECT to_regclass(:table) IS NOT NULL"), {"table": ledger.TABLE}).scalar()
    if not exists:
        return frozenset()
    rows = connection.execute(text(f"SELECT kind, identity FROM {ledger.TABLE}"))
    return frozenset((kind, identity) for kind, identity in rows)


def server_version(connection: Connection) -> int:
    """The major version of the server."""
    return int(connection.scalar(text("SELECT current_setting('server_version_num')"))) // 10_000
