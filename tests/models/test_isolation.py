"""No tenant reads or writes another's rows: every table, every command."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from tests.models.conftest import World

from tenantry.models import (
    Base,
    CatalogScoped,
    PlatformScoped,
    TenantConfigScoped,
    TenantScoped,
    TenantUserScoped,
)
from tenantry.testing.hints import HINTS
from tenantry.testing.privileges import held
from tenantry.testing.probes import (
    FOREIGN_KEY_VIOLATION,
    INSUFFICIENT_PRIVILEGE,
    changed,
    insertion,
    key_of,
    refusal,
    seen,
)
from tenantry.testing.rows import foreign_keys, is_one_per_tenant

TABLES = Base.metadata.sorted_tables
TENANT_TABLES = [table for table in TABLES if "tenant_id" in table.columns]
MODELS: dict[str, Any] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
#: the person evaluated reads it and does not write it
WRITTEN_BY_ADMINS = {"performance_evaluations"}

every_table = pytest.mark.parametrize("table", TABLES, ids=str)
every_tenant_table = pytest.mark.parametrize("table", TENANT_TABLES, ids=str)


def is_a(table: Table, *scopes: type) -> bool:
    return issubclass(MODELS[table.name], scopes)


@every_table
def test_an_owner_reaches_nothing_of_another_tenant(world: World, table: Table) -> None:
    theirs = world.b.rows[table.name]
    with world.acting(world.members["owner"]) as connection:
        assert seen(connection, world.application, table, theirs) == (len(theirs) if is_a(table, CatalogScoped) else 0)
        assert changed(connection, world.application, table, theirs) == 0
        new = insertion(world.application, table, world.b.new_row(table, 1))
        assert refusal(connection, new) == INSUFFICIENT_PRIVILEGE
        if "tenant_id" in table.columns:
            move = table.update().values(tenant_id=world.b.tenant_id)
            assert refusal(connection, move) == INSUFFICIENT_PRIVILEGE


@every_tenant_table
def test_an_owner_works_with_his_tenants_rows(world: World, table: Table) -> None:
    """Or the refusals of the other tests would prove nothing."""
    may, mine = held(world.application, table.name), world.a.rows[table.name]
    with world.undone() as connection:
        new = world.a.fresh_row(connection, table)
        with world.becoming(connection, world.members["owner"]):
            assert seen(connection, world.application, table, mine) == len(mine)
            if "update" in may:
                column = may["update"][0]
                same = table.update().values({column: table.columns[column]}).where(key_of(table, *mine))
                assert connection.execute(same).rowcount == len(mine)
            if "insert" in may:
                if is_one_per_tenant(table):
                    connection.execute(table.delete())
                assert refusal(connection, insertion(world.application, table, new)) is None


@every_tenant_table
def test_a_foreign_key_tells_nothing_of_another_tenant(world: World, table: Table) -> None:
    references = [key.elements for key in foreign_keys(table) if "tenant_id" in key.column_keys]
    links = [link for *_, link in references if str(link.parent) not in HINTS.found]
    if not links or "insert" not in held(world.application, table.name):
        pytest.skip("nothing to probe with")
    with world.undone() as connection:
        new = world.a.fresh_row(connection, table)
        if is_one_per_tenant(table):
            connection.execute(table.delete())
        with world.becoming(connection, world.members["owner"]):
            for link in links:
                theirs = world.b.rows[link.column.table.name][0][link.column.name]
                for other in (theirs, uuid.uuid4()):
                    probe = insertion(world.application, table, world.a.with_link(table, new, link.parent.name, other))
                    assert refusal(connection, probe) == FOREIGN_KEY_VIOLATION, link.parent


@every_table
def test_without_context_there_is_nothing(world: World, table: Table) -> None:
    mine = world.a.rows[table.name]
    with world.without_context() as connection:
        if not is_a(table, CatalogScoped) and "select" in held(world.application, table.name):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert changed(connection, world.application, table, mine) == 0
        new = insertion(world.application, table, world.a.new_row(table, 1))
        assert refusal(connection, new) == INSUFFICIENT_PRIVILEGE


@every_tenant_table
def test_a_viewer_never_writes(world: World, table: Table) -> None:
    new = world.a.new_row(table, 1)
    if "user_id" in new:
        new["user_id"] = world.members["viewer"]
    with world.acting(world.members["viewer"]) as connection:
        assert refusal(connection, insertion(world.application, table, new)) == INSUFFICIENT_PRIVILEGE
        assert changed(connection, world.application, table, world.a.rows[table.name]) == 0


@every_tenant_table
def test_a_member_does_what_the_scope_lets_him(world: World, table: Table) -> None:
    """The rows are his tenant's, and other people's."""
    others, may = world.a.rows[table.name], held(world.application, table.name)
    sees = is_a(table, TenantScoped, TenantConfigScoped)
    writes = is_a(table, TenantScoped, TenantUserScoped) and table.name not in WRITTEN_BY_ADMINS
    with world.undone() as connection:
        new = world.a.fresh_row(connection, table)
        if is_a(table, TenantUserScoped):
            new["user_id"] = world.a.new_member(connection, "member")
        with world.becoming(
            connection, new.get("user_id") if is_a(table, TenantUserScoped) else world.members["member"]
        ):
            assert seen(connection, world.application, table, others) == (len(others) if sees else 0)
            if not is_a(table, TenantScoped):
                assert changed(connection, world.application, table, others) == 0
            refused = None if writes and "insert" in may else INSUFFICIENT_PRIVILEGE
            assert refusal(connection, insertion(world.application, table, new)) == refused


@every_table
def test_the_superadmin_sees_every_tenant(world: World, table: Table) -> None:
    everything = [*world.a.rows[table.name], *world.b.rows[table.name]]
    with world.superadmin.connect() as connection:
        found = seen(connection, world.superadmin, table, everything)
    assert found == (0 if table.name == "context_keys" else len(everything))


@every_table
def test_nobody_but_the_owner_holds_dangerous_privileges(world: World, table: Table) -> None:
    for engine in (world.application, world.superadmin):
        may = held(engine, table.name)
        assert not may.keys() & {"truncate", "references", "trigger"}
        assert "tenant_id" not in may.get("update", [])


@every_table
def test_a_role_writes_what_the_table_says(world: World, table: Table) -> None:
    model = MODELS[table.name]
    application, superadmin = held(world.application, table.name), held(world.superadmin, table.name)
    writes = {"insert", "update", "delete"}
    if model.__written_by__ != "application" or is_a(table, CatalogScoped, PlatformScoped):
        assert not application.keys() & writes
    if model.__written_by__ == "functions":
        assert not superadmin.keys() & writes
    if model.__append_only__:
        assert not (application.keys() | superadmin.keys()) & {"update", "delete"}
