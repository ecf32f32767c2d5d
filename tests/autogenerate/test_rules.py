"""What a comparison may do to the database it looks at: nothing."""

import os
from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import URL, BigInteger, Column, Integer, MetaData, NullPool, Table, event
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import Comparison, comparing
from tests.support.snapshot import snapshot

from tenantry.autogenerate.scratch import ComparisonError
from tenantry.ddl import Function, Grant, Policy, Rows, RowSecurity, Trigger, View

OWNER = f"case_owner_{os.getpid()}"
BECOME_OWNER = f"""
    CREATE ROLE {OWNER};
    DO $$BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {OWNER}', current_database()); END$$;
    GRANT CREATE ON SCHEMA public TO {OWNER};
    SET SESSION AUTHORIZATION {OWNER};
"""


def _declaration(*, limit: int, kind: type[Integer] = Integer) -> MetaData:
    """Something of every kind that touches tables; everything differs with the limit."""
    metadata = MetaData()
    table = Table(
        "documents",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("size", kind),
        RowSecurity(),
        Policy("p", using=f"size > -{limit} AND current_user <> 'x'"),
        Trigger("t", before="update", when=f"NEW.size < {limit}", execute="stamp()"),
        Grant("select", to="pg_monitor"),
    )
    body = f"BEGIN PERFORM {limit}; RETURN NEW; END"
    Function("stamp", returns="trigger", language="plpgsql", body=body, metadata=metadata)
    Function("f", returns="bigint", body=f"RETURN (SELECT max(size) + {limit} FROM documents)", metadata=metadata)
    View("v", f"SELECT id, size FROM documents WHERE size < {limit}", metadata=metadata)
    View("m", f"SELECT max(size) AS most, {limit} AS top FROM v", materialized=True, metadata=metadata)
    Rows(table, [{"id": 1, "size": limit}])
    return metadata


BEFORE, AFTER = _declaration(limit=1), _declaration(limit=2, kind=BigInteger)


@pytest.fixture
def comparison(database: URL) -> Iterator[Comparison]:
    """A comparison of a database that others see as well."""
    with comparing(database) as found:
        found.migrate_to(BEFORE)
        found.connection.commit()
        yield found


def test_comparing_locks_no_table_more_than_a_reader_does(comparison: Comparison, database: URL) -> None:
    """After every single statement, because a savepoint that is rolled back lets its locks go."""
    observer = sqlalchemy.create_engine(database, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    pid = comparison.connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    held: set[tuple[str, str]] = set()
    locks = (
        "SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation"
        " WHERE l.pid = %s AND c.relnamespace = 'public'::regnamespace"
    )
    with observer.connect() as watching:

        def look(*_: object) -> None:
            held.update((name, mode) for name, mode in watching.exec_driver_sql(locks, (pid,)))

        event.listen(comparison.connection, "after_cursor_execute", look)
        assert not comparison.revision(AFTER).is_empty
    assert ("documents", "AccessShareLock") in held
    assert {mode for _, mode in held} == {"AccessShareLock"}


def test_comparing_leaves_nothing_behind(comparison: Comparison) -> None:
    before = snapshot(comparison.connection, "documents")
    assert not comparison.revision(AFTER).is_empty
    comparison.connection.commit()
    assert snapshot(comparison.connection, "documents") == before


def test_comparing_keeps_the_settings_of_the_session(comparison: Comparison) -> None:
    settings = "SELECT current_setting('search_path'), current_setting('check_function_bodies'), current_user"
    before = comparison.connection.exec_driver_sql(settings).one()
    comparison.revision(AFTER)
    assert comparison.connection.exec_driver_sql(settings).one() == before


def test_an_ordinary_role_compares_and_migrates(run: Run) -> None:
    run(BEFORE, AFTER, "documents", found=BECOME_OWNER)


def test_a_role_that_may_not_create_a_schema_is_told_what_is_missing(comparison: Comparison) -> None:
    comparison.execute(f"CREATE ROLE {OWNER}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {OWNER}")
    comparison.execute(f"SET SESSION AUTHORIZATION {OWNER}")
    with pytest.raises(ComparisonError, match="GRANT CREATE ON DATABASE"):
        comparison.revision(AFTER)
    comparison.connection.rollback()


def test_a_change_in_the_search_path_of_the_session_changes_nothing(comparison: Comparison) -> None:
    comparison.execute("SET search_path = public, pg_catalog")
    assert comparison.revision(BEFORE).is_empty
