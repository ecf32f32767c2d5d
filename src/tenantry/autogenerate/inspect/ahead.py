"""Queries of the system catalogue in one round trip, where the driver can."""

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from tenantry.autogenerate.inspect.scope import Scope

_dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class ReadAhead(Scope):
    """A scope of which some queries have been answered already: each is used once.

    :param answers: the rows, by query.
    """

    answers: dict[str, list[Any]] = field(default_factory=dict)

    def rows(self, connection: Connection, query: str, **parameters: Any) -> list[Any]:
        """The answer to a query that was asked ahead; any other is asked now."""
        found = self.answers.pop(query, None)
        return super().rows(connection, query, **parameters) if found is None else found


def read_ahead(connection: Connection, scope: Scope, queries: Iterable[str]) -> Scope:
    """The scope, with all queries sent before the first is answered."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection) or not psycopg.Pipeline.is_supported():
        return scope
    parameters = {"schemas": list(scope.names)}
    cursors = {}
    with driver.pipeline():
        for query in queries:
            statement, names = _written(query)
            cursors[query] = cursor = driver.cursor(row_factory=namedtuple_row)
            cursor.execute(statement, {name: parameters[name] for name in names} or None)
    answers = {query: cast("list[Any]", cursor.fetchall()) for query, cursor in cursors.items()}
    return ReadAhead(scope.names, scope.role_names, scope.claimed, answers)


@functools.cache
def _written(query: str) -> tuple[str, tuple[str, ...]]:
    """A query as the driver takes it, and its parameters."""
    compiled = text(query).compile(dialect=_dialect)
    return str(compiled), tuple(compiled.params)
