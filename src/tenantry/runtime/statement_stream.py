"""Statements whose results nobody reads are sent without waiting: PostgreSQL runs one while Python writes the next."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, event
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from tenantry.autogenerate.ops import STATEMENTS


@contextmanager
def streaming(connection: Connection) -> Iterator[None]:
    """Let DDL on the connection run ahead until something needs a result, the transaction ends, or this block does.

    What PostgreSQL refuses is raised by then at the latest, with the statement that it refused.

    :raises DBAPIError: as the statement by itself would.
    """
    stream = _Stream(connection)
    listeners = (
        (connection.engine, "do_execute", stream.execute),
        (connection.engine, "do_executemany", stream.execute),
        (connection.engine, "do_execute_no_params", stream.execute_text),
        (connection, "commit", stream.finish),
        (connection, "rollback", stream.abandon),
    )
    for target, name, listener in listeners:
        event.listen(target, name, listener)
    try:
        yield
        stream.finish()
    finally:
        stream.abandon()
        for target, name, listener in listeners:
            event.remove(target, name, listener)


class _Stream:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)  # noqa: S101
        self._driver: psycopg.Connection[Any] = driver
        self._pipeline = ExitStack()
        self._sent: list[tuple[str, psycopg.Cursor[Any]]] = []

    def execute(self, _: DBAPICursor, statement: str, parameters: Any, context: DefaultExecutionContext) -> bool:
        """Called in place of the driver's execute with parameters; false leaves it to the driver."""
        return self._stream([statement] if context.isddl else [], parameters)

    def execute_text(self, _: DBAPICursor, statement: str, context: DefaultExecutionContext) -> bool:
        """Called in place of the driver's execute; false leaves it to the driver."""
        return self._stream(context.execution_options.get(STATEMENTS) or ([statement] if context.isddl else []))

    def _stream(self, statements: Sequence[str], parameters: Any = None) -> bool:
        # within a savepoint, a refused statement may be caught: it has to be known at once
        if not statements or self._driver.autocommit or self._connection.in_nested_transaction():
            self.finish()
            return False
        if not self._sent:
            self._pipeline.enter_context(self._driver.pipeline())
        for statement in statements:
            cursor = self._driver.cursor()
            self._sent.append((statement, cursor))
            try:
                cursor.execute(statement.encode(), parameters, prepare=False)
            except psycopg.Error as error:
                raise self._refused(error) from error
        return True

    def finish(self, _: object = None) -> None:
        """Wait for everything that was sent."""
        try:
            self._pipeline.close()
        except psycopg.Error as error:
            raise self._refused(error) from error
        self._sent.clear()

    def abandon(self, _: object = None) -> None:
        """Nobody waits for what was sent any more."""
        self._sent.clear()
        with contextlib.suppress(psycopg.Error):
            self._pipeline.close()

    def _refused(self, error: psycopg.Error) -> BaseException:
        statement = next((text for text, cursor in self._sent if cursor.pgresult is None), None)
        self.abandon()
        return DBAPIError.instance(statement, None, error, psycopg.Error)
