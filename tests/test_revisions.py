"""The revisions: every way leads to the same schema, and every step back undoes its step forward."""

import io
import uuid
from collections.abc import Callable
from contextlib import redirect_stdout

import pytest
import sqlalchemy
from alembic import command
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import URL, NullPool, text
from tests.support.databases import drop_roles, fresh_database, run_script, schema_dump, settings_for
from tests.support.servers import Server
from tests.support.snapshot import snapshot

from tenantry.autogenerate.push import push
from tenantry.cli.migrate import config
from tenantry.models import Base
from tenantry.runtime.migrations import owner_connection
from tenantry.settings import Settings


def by_revisions(url: URL) -> None:
    command.upgrade(config(settings_for(url)), "head")


def by_script(url: URL) -> None:
    written = config(settings_for(url))
    written.output_buffer = io.StringIO()
    command.upgrade(written, "head", sql=True)
    run_script(url, written.output_buffer.getvalue())


def by_push(url: URL) -> None:
    settings = settings_for(url)
    with owner_connection(settings) as connection:
        push(connection, Base.metadata, {"tenantry_run_as": settings.owner_role})


def by_coming_back(url: URL) -> None:
    by_revisions(url)
    command.downgrade(config(settings_for(url)), "base")
    by_revisions(url)


@pytest.mark.parametrize("way", [by_script, by_push, by_coming_back])
def test_every_way_leads_to_the_same_schema(way: Callable[[URL], None], migrated_database: URL, database: URL) -> None:
    with redirect_stdout(io.StringIO()):
        way(database)
    assert _without_version_table(schema_dump(database)) == _without_version_table(schema_dump(migrated_database))


def test_the_newest_revision_is_what_is_declared(migrated_database: URL) -> None:
    command.check(config(settings_for(migrated_database)))


def test_nothing_is_left_at_base(server: Server, database: URL) -> None:
    suffix = uuid.uuid4().hex
    names = [f"{role}_{suffix}" for role in ("owner", "app", "superadmin")]
    ours = Settings(
        tenantry_database_url=SecretStr(database.render_as_string(hide_password=False)),
        owner_role=names[0],
        app_role=names[1],
        superadmin_role=names[2],
    )
    empty = schema_dump(database)
    try:
        command.upgrade(config(ours), "head")
        command.downgrade(config(ours), "base")
        assert schema_dump(database) == empty
        assert _roles(database, suffix) == []
    finally:
        drop_roles(server, *names)


def test_each_revision_goes_up_and_down_alone(server: Server) -> None:
    revisions = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]
    with fresh_database(server) as url:
        there = config(settings_for(url))
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        for revision in reversed(revisions):
            with engine.connect() as connection:
                before = snapshot(connection)
            command.upgrade(there, revision)
            with engine.connect() as connection:
                after = snapshot(connection)
            command.downgrade(there, "-1")
            with engine.connect() as connection:
                assert snapshot(connection) == before, revision
            command.upgrade(there, revision)
            with engine.connect() as connection:
                assert snapshot(connection) == after, revision


def _without_version_table(dump: str) -> list[str]:
    """The statements, without those on the table that only revisions need."""
    return [part for part in dump.split("\n--\n") if "alembic_version" not in part]


def _roles(url: URL, suffix: str) -> list[str]:
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        query = text("SELECT rolname FROM pg_roles WHERE rolname LIKE :pattern")
        return list(connection.scalars(query, {"pattern": f"%{suffix}"}))
