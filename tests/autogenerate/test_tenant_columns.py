"""Tables with rows are declared to belong to tenants: every row stays, keys and references take the tenant in."""

from typing import Any

import pytest
from sqlalchemy import (
    URL,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)
from tests.support.autogenerate import assert_same, comparing
from tests.support.snapshot import snapshot

from tenantry.ddl import Policy, RowSecurity

FORMER = "00000000-0000-0000-0000-000000000000"
OTHER = "11111111-1111-1111-1111-111111111111"

ROWS = f"""
INSERT INTO tenants VALUES ('{FORMER}'), ('{OTHER}');
INSERT INTO notes (id, text) SELECT format('00000000-0000-0000-0000-%s', lpad(n::text, 12, '0'))::uuid, 'note ' || n
FROM generate_series(1, 50) n;
INSERT INTO comments (id, note_id) SELECT id, id FROM notes;
"""


def _tenants(metadata: MetaData) -> None:
    Table("tenants", metadata, Column("id", Uuid), PrimaryKeyConstraint("id", name="tenants_pkey"))


def _of_one() -> MetaData:
    metadata = MetaData()
    _tenants(metadata)
    Table("notes", metadata, Column("id", Uuid, primary_key=True), Column("text", Text))
    Table(
        "comments",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("note_id", ForeignKey("notes.id", name="comments_note")),
    )
    return metadata


def _tenant_id() -> Column[Any]:
    return Column("tenant_id", Uuid, ForeignKey("tenants.id"), server_default=OTHER, nullable=False, comment="Whose.")


def _of_many(**naming: Any) -> MetaData:
    metadata = MetaData(**naming)
    _tenants(metadata)
    own_rows = Policy("own_rows", using=f"tenant_id = '{OTHER}'")
    Table(
        "notes",
        metadata,
        _tenant_id(),
        Column("id", Uuid),
        Column("text", Text),
        PrimaryKeyConstraint("tenant_id", "id"),
        Index("notes_of", "tenant_id", "text"),
        RowSecurity(),
        own_rows,
    )
    Table(
        "comments",
        metadata,
        _tenant_id(),
        Column("id", Uuid),
        Column("note_id", Uuid),
        PrimaryKeyConstraint("tenant_id", "id"),
        ForeignKeyConstraint(["tenant_id", "note_id"], ["notes.tenant_id", "notes.id"], name="comments_note"),
    )
    return metadata


CONVENTION = {"naming_convention": {"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s"}}


@pytest.mark.parametrize("naming", [{}, CONVENTION], ids=["PostgreSQL's names", "a convention's names"])
def test_rows_of_before_become_one_tenants(shared_database: URL, naming: dict[str, Any]) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_of_one())
        comparison.execute(ROWS)
        start = snapshot(comparison.connection, "notes", "comments")
        revision = comparison.migrate_to(_of_many(**naming))
        assert comparison.revision(_of_many(**naming)).is_empty
        for table in ("notes", "comments"):
            counted = comparison.connection.exec_driver_sql(f"SELECT tenant_id::text, count(*) FROM {table} GROUP BY 1")
            assert counted.all() == [(FORMER, 50)]
        end = snapshot(comparison.connection)
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection, "notes", "comments"), start, revision.downgrade)
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_of_many(**naming))
        assert_same(end, snapshot(comparison.connection), revision.upgrade)


def test_another_tenant_may_be_named(shared_database: URL) -> None:
    with comparing(shared_database, tenantry_former_tenant=OTHER) as comparison:
        comparison.migrate_to(_of_one())
        comparison.execute(ROWS)
        comparison.migrate_to(_of_many())
        counted = comparison.connection.exec_driver_sql("SELECT DISTINCT tenant_id::text FROM comments")
        assert counted.all() == [(OTHER,)]


def test_a_table_without_a_primary_key(shared_database: URL) -> None:
    def declared(*columns: Any) -> MetaData:
        metadata = MetaData()
        _tenants(metadata)
        Table("logs", metadata, *columns, Column("line", Text))
        return metadata

    with comparing(shared_database) as comparison:
        comparison.migrate_to(declared())
        comparison.execute(f"INSERT INTO tenants VALUES ('{FORMER}'); INSERT INTO logs VALUES ('first')")
        comparison.migrate_to(declared(_tenant_id()))
        assert comparison.connection.exec_driver_sql("SELECT tenant_id::text, line FROM logs").all() == [
            (FORMER, "first")
        ]
        assert comparison.revision(declared(_tenant_id())).is_empty
