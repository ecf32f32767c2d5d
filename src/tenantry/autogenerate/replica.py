"""Where a scratch schema may be made: in the database itself or, where that cannot be written, in a stand-in for it.

A stand-in is an empty database in which the tables, routines, views and types of the other are made, and rolled back.
It may be of another version: what is printed differently there is printed there on both sides.
"""

import contextlib
from collections.abc import Iterator, Mapping

import sqlalchemy
from sqlalchemy import URL, Connection, NullPool, Table, text
from sqlalchemy.exc import DBAPIError

from tenantry.autogenerate.catalogue import Catalogue
from tenantry.autogenerate.definitions import Extension, NamedType, Role, Schema, Sequence, sql
from tenantry.autogenerate.inspect.partitions import TableKey
from tenantry.autogenerate.scratch import ComparisonError, create_table, run_all

_EMPTY = """
    SELECT count(*) = 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@contextlib.contextmanager
def stand_in(connection: Connection, url: str | URL | None) -> Iterator[Connection]:
    """The connection on which to make scratch schemas; nothing is committed there.

    :param url: an empty database; None is the one that is compared.
    :raises ComparisonError: if that database does not answer or is not empty.
    """
    if url is None:
        yield connection
        return
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    place = engine.url.render_as_string(hide_password=True)
    try:
        other = engine.connect()
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise ComparisonError(f"the scratch database {place} does not answer: {reason}") from None
    with other:
        if not other.scalar(text(_EMPTY)):
            raise ComparisonError(f"the scratch database {place} is not empty: give it a database of its own")
        yield other


def furnish(connection: Connection, live: Catalogue, tables: Mapping[TableKey, Table]) -> None:
    """Make what the other database holds, as far as expressions may refer to it.

    :param tables: the declared tables by schema and name.
    """
    known = [item for item in live.definitions.values() if item.provides() and not isinstance(item, Role | Schema)]
    types = [item for item in known if isinstance(item, NamedType | Sequence)]
    definitions = [item for item in known if item not in types]
    extensions = [item for item in live.definitions.values() if isinstance(item, Extension)]
    schemas = {key[0] for key in tables} | {getattr(item, "schema", None) for item in known}
    names = sorted({*filter(None, schemas), *(item.schema for item in extensions if item.schema)} - {"pg_catalog"})
    run_all(connection, [f"CREATE SCHEMA IF NOT EXISTS {sql.identifier(name)}" for name in names])
    run_all(connection, [f"CREATE EXTENSION {sql.identifier(item.name)}{_schema(item)}" for item in extensions])
    run_all(connection, [item.create()[0].sql for item in types])
    connection.execute(text("SET LOCAL check_function_bodies = off"))
    made = [item.create()[0].sql for item in definitions]
    run_all(connection, [*(create_table(table, sql.qualified(*key)) for key, table in tables.items()), *made])


def _schema(extension: Extension) -> str:
    return f" SCHEMA {sql.identifier(extension.schema)}" if extension.schema else ""
