"""Defaults of columns that call what is not there yet."""

from typing import Any

from alembic.ddl.impl import DefaultImpl
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def survive_unknown_functions(impl: DefaultImpl, connection: Connection) -> None:
    """Have a default that PostgreSQL cannot evaluate be different, instead of the end of the comparison.

    Alembic asks PostgreSQL whether two defaults are equal, also of a function that the same revision creates.
    """
    compared: Any = impl.compare_server_default

    def compare(column: Any, declared: Any, default: str | None, live: str | None) -> Any:
        if default == live or "(" not in (default or ""):
            return compared(column, declared, default, live)
        savepoint = connection.begin_nested()
        try:
            return compared(column, declared, default, live)
        except DBAPIError:
            return True
        finally:
            savepoint.rollback()

    setattr(impl, "compare_server_default", compare)  # noqa: B010
