"""What a transaction begins with: settings that hold until its end, sent together with its BEGIN."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection, generators, sql
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection
from sqlalchemy.util import await_only

Driver = psycopg.Connection[Any] | AsyncConnection[Any]


def set_local(connection: Connection, settings: Mapping[str, str]) -> None:
    """Have settings hold until the end of the transaction.

    A transaction that has not begun yet begins with them, in the round trip that its BEGIN takes anyway.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection | AsyncConnection) or not _is_about_to_begin(connection, driver):
        places = ", ".join(["set_config(%s, %s, true)"] * len(settings))
        values = tuple(part for setting in settings.items() for part in setting)
        connection.exec_driver_sql(f"SELECT {places}", values)
        return
    driver.pgconn.send_query(_begin(driver, settings))
    if isinstance(driver, AsyncConnection):
        results = await_only(driver.wait(generators.execute(driver.pgconn)))
    else:
        results = driver.wait(generators.execute(driver.pgconn))
    _check(results)


def _is_about_to_begin(connection: Connection, driver: Driver) -> bool:
    """The driver would send a plain BEGIN before the next statement."""
    return (
        connection.in_transaction()
        and driver.pgconn.transaction_status == TransactionStatus.IDLE
        and not driver.autocommit
        and driver.isolation_level is None
        and driver.read_only is None
        and driver.deferrable is None
    )


def _begin(driver: Driver, settings: Mapping[str, str]) -> bytes:
    calls = [
        sql.SQL("set_config({}, {}, true)").format(sql.Literal(name), sql.Literal(value))
        for name, value in settings.items()
    ]
    return sql.SQL("BEGIN; SELECT {}").format(sql.SQL(", ").join(calls)).as_bytes(driver)


def _check(results: Sequence[PGresult]) -> None:
    for result in results:
        if result.status == ExecStatus.FATAL_ERROR:
            raise error_from_result(result)
