"""A table of one customer becomes a table of many, without losing a row and without rewriting it."""

import pytest
from tests.runtime.conftest import Deployment
from tests.support.databases import run_script, schema_dump

FORMER = "00000000-0000-0000-0000-000000000000"
OTHER = "11111111-1111-1111-1111-111111111111"

BEFORE = """op.execute("CREATE TABLE tenant (id uuid PRIMARY KEY)")
    op.execute("INSERT INTO note SELECT generate_series(1, 100)")"""

COLUMN = f"""from tenantry.autogenerate.definitions import TenantColumn
    from tenantry.autogenerate.ops import create, drop
    column = TenantColumn(
        "note",
        "tenant_id",
        tenant="{FORMER}",
        default="'{OTHER}'::uuid",
        primary_key=("note_pkey", ("tenant_id", "id")),
        primary_key_before=("note_pkey", ("id",)),
        foreign_key=("note_tenant", "FOREIGN KEY (tenant_id) REFERENCES tenant (id) ON DELETE CASCADE"),
        comment="The tenant; 100% :sure.",
    )
    """

KEY = """
SELECT conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint
WHERE conrelid = 'note'::regclass AND contype IN ('p', 'f') ORDER BY contype DESC
"""
OF_ONE = [("note_pkey", "PRIMARY KEY (id)", True)]
OF_MANY = [
    ("note_pkey", "PRIMARY KEY (tenant_id, id)", True),
    ("note_tenant", "FOREIGN KEY (tenant_id) REFERENCES tenant(id) ON DELETE CASCADE", True),
]


@pytest.fixture
def of_one(deployment: Deployment) -> Deployment:
    """A database with rows of one customer, and a revision that turns them into a tenant's."""
    deployment.project.write_revision("two", "one", BEFORE, 'op.drop_table("tenant")')
    deployment.project.write_revision("three", "two", COLUMN + "create(column)", COLUMN + "drop(column)")
    deployment.project.run("alembic", "upgrade", "two").succeeded()
    return deployment


def _add_tenants(deployment: Deployment) -> None:
    deployment.execute(f"INSERT INTO tenant VALUES ('{FORMER}'), ('{OTHER}')")


def test_every_row_of_before_goes_to_one_tenant_and_none_is_rewritten(of_one: Deployment) -> None:
    _add_tenants(of_one)
    stored = of_one.execute("SELECT pg_relation_filenode('note'), min(ctid), max(xmin::text) FROM note")
    of_one.project.run("alembic", "upgrade", "head").succeeded()
    assert of_one.execute("SELECT pg_relation_filenode('note'), min(ctid), max(xmin::text) FROM note") == stored
    assert of_one.execute("SELECT tenant_id::text, count(*) FROM note GROUP BY 1") == [(FORMER, 100)]
    assert of_one.execute(KEY) == OF_MANY


def test_rows_to_come_belong_to_whom_the_default_says(of_one: Deployment) -> None:
    _add_tenants(of_one)
    of_one.project.run("alembic", "upgrade", "head").succeeded()
    assert of_one.execute("INSERT INTO note (id) VALUES (1) RETURNING tenant_id::text") == [(OTHER,)]
    with pytest.raises(Exception, match="violates not-null constraint"):
        of_one.execute("INSERT INTO note (id, tenant_id) VALUES (1, NULL)")


def test_the_way_back_restores_the_key(of_one: Deployment) -> None:
    _add_tenants(of_one)
    before = schema_dump(of_one.database)
    of_one.project.run("alembic", "upgrade", "head").succeeded()
    of_one.project.run("alembic", "downgrade", "two").succeeded()
    assert of_one.execute(KEY) == OF_ONE
    assert of_one.execute("SELECT count(*) FROM note") == [(100,)]
    assert schema_dump(of_one.database) == before


def test_what_failed_on_the_way_is_taken_up_again(of_one: Deployment) -> None:
    failure = of_one.project.run("alembic", "upgrade", "head").failure
    assert "violates foreign key constraint" in failure
    assert of_one.project.run("alembic", "current").succeeded().split() == ["two"]
    _add_tenants(of_one)
    of_one.project.run("alembic", "upgrade", "head").succeeded()
    assert of_one.execute(KEY) == OF_MANY
    assert of_one.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_a_script_does_the_same(of_one: Deployment) -> None:
    _add_tenants(of_one)
    script = of_one.project.run("alembic", "upgrade", "two:three", "--sql").succeeded()
    of_one.project.run("alembic", "upgrade", "head").succeeded()
    migrated = schema_dump(of_one.database)
    of_one.project.run("alembic", "downgrade", "two").succeeded()
    run_script(of_one.database, script)
    assert schema_dump(of_one.database) == migrated
