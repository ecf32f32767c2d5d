"""Connections that serve one request after another keep nothing of those before.

What a request leaves in its session, such as a temporary table or a lock, is forgotten when the connection goes back to
the engine's pool. Behind a pooler of its own, such as PgBouncer, a client has no session: each transaction gets any of
the pooler's connections. There forgetting is the pooler's work, and prepared statements are not used unless asked for.
"""

from typing import Any

import psycopg
from sqlalchemy import Engine, PoolResetState, event

# contexts end with their transactions; prepared statements hold nothing of anybody
_FORGET = (
    "CLOSE ALL; RESET SESSION AUTHORIZATION; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all();"
    " DISCARD SEQUENCES; DISCARD TEMP"
)

_POOLER = "tenantry.pooler"
_THRESHOLD = "prepare_threshold"


def forget_between_requests(engine: Engine) -> None:
    """Have what a request leaves in a connection forgotten before the next one gets it."""
    event.listen(engine, "do_connect", _note_what_is_asked_for)
    event.listen(engine, "connect", _look_for_pooler)
    event.listen(engine, "reset", _forget)


def _note_what_is_asked_for(dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> None:  # noqa: ARG001
    record.info[_THRESHOLD] = _THRESHOLD in options


def _look_for_pooler(connection: Any, record: Any) -> None:
    """A pooler cannot tell a client the process that serves it: that differs from transaction to transaction."""
    driver = record.driver_connection
    if not isinstance(driver, psycopg.Connection | psycopg.AsyncConnection):
        return
    process = _alone(connection, "SELECT pg_backend_pid()").fetchone()[0]
    record.info[_POOLER] = process != driver.pgconn.backend_pid
    if record.info[_POOLER] and not record.info.get(_THRESHOLD):
        driver.prepare_threshold = None


def _forget(connection: Any, record: Any, state: PoolResetState) -> None:
    if state.terminate_only:
        return
    connection.rollback()
    if record is None or not record.info.get(_POOLER):
        _alone(connection, _FORGET)


def _alone(connection: Any, statement: str) -> Any:
    """Run a statement outside of a transaction, in one round trip."""
    before, connection.autocommit = connection.autocommit, True
    cursor = connection.cursor()
    cursor.execute(statement)
    connection.autocommit = before
    return cursor
