"""What a role gets at, by trying it."""

from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, Table, and_, func, or_, select
from sqlalchemy.exc import DBAPIError

from tenantry.testing.hints import Row
from tenantry.testing.privileges import held

INSUFFICIENT_PRIVILEGE = "42501"
FOREIGN_KEY_VIOLATION = "23503"
UNIQUE_VIOLATION = "23505"


def refusal(connection: Connection, statement: Any) -> str | None:
    """The SQLSTATE that a statement is refused with; None if it is not. It is undone in neither case."""
    try:
        with connection.begin_nested():
            connection.execute(statement)
    except DBAPIError as error:
        return error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    return None


def insertion(engine: Engine, table: Table, row: Row) -> Any:
    """An INSERT of the columns that the role may give; of all where it may give none."""
    columns = held(engine, table.key).get("insert", list(row))
    return table.insert().values({name: row[name] for name in columns if name in row}).inline()


def seen(connection: Connection, engine: Engine, table: Table, rows: list[Row]) -> int:
    """How many of the rows a SELECT shows; a missing privilege shows none."""
    if "select" not in held(engine, table.key):
        return 0
    return int(connection.execute(select(func.count()).where(key_of(table, *rows))).scalar_one())


def changed(connection: Connection, engine: Engine, table: Table, rows: list[Row]) -> int:
    """How many of the rows an UPDATE and a DELETE reach; without the privilege they have to be refused."""
    may, reached = held(engine, table.key), 0
    column = may.get("update", [table.primary_key.columns[0].name])[0]
    for privilege, statement in (
        ("update", table.update().values({column: table.columns[column]})),
        ("delete", table.delete()),
    ):
        found = statement.where(key_of(table, *rows))
        if privilege in may:
            with connection.begin_nested() as undone:
                reached += connection.execute(found).rowcount
                undone.rollback()
        elif refusal(connection, found) != INSUFFICIENT_PRIVILEGE:
            reached += len(rows)
    return reached


def key_of(table: Table, *rows: Row) -> Any:
    """The condition that picks these rows."""
    return or_(*(and_(*(column == row[column.name] for column in table.primary_key)) for row in rows))
