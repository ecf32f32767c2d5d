"""What somebody tries in a database, undone at the end."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


@contextmanager
def undone(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back."""
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()


def become(connection: Connection, engine: Engine) -> None:
    """Make the rest of a superuser's transaction that of another engine's login, so that both are undone together."""
    login = connection.dialect.identifier_preparer.quote(str(engine.url.username))
    connection.exec_driver_sql(f"SET LOCAL SESSION AUTHORIZATION {login}")
