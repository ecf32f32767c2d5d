"""No tenant reads or writes another's rows: every table, every command."""

import uuid
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Table, and_, func, select, text
from sqlalchemy.exc import DBAPIError
from tests.models.conftest import World
from tests.models.rows import Row, foreign_keys

from tenantry.models import Base

TABLES = Base.metadata.sorted_tables
TENANT_TABLES = [table for table in TABLES if "tenant_id" in table.columns]
INSUFFICIENT_PRIVILEGE, FOREIGN_KEY_VIOLATION = "42501", "23503"

every_table = pytest.mark.parametrize("table", TABLES, ids=str)
every_tenant_table = pytest.mark.parametrize("table", TENANT_TABLES, ids=str)


def key_of(table: Table, row: Row) -> Any:
    return and_(*(column == row[column.name] for column in table.primary_key))


def privileged(connection: Connection, table: Table, privilege: str) -> list[str]:
    """The columns on which the current user has a privilege."""
    check = text("SELECT has_column_privilege(:table, :column, :privilege)")
    return [
        column.name
        for column in table.columns
        if connection.execute(check, {"table": table.name, "column": column.name, "privilege": privilege}).scalar_one()
    ]


def may(connection: Connection, table: Table, privilege: str) -> bool:
    check = text("SELECT has_table_privilege(:table, :privilege)")
    return bool(connection.execute(check, {"table": table.name, "privilege": privilege}).scalar_one())


def insert(connection: Connection, table: Table, row: Row) -> None:
    columns = privileged(connection, table, "insert") or list(row)
    connection.execute(table.insert().values({name: row[name] for name in columns}).inline())


def sqlstate(connection: Connection, table: Table, row: Row) -> str | None:
    """What an INSERT is refused with; None if it is not."""
    try:
        with connection.begin_nested():
            insert(connection, table, row)
    except DBAPIError as error:
        return sqlstate_of(error)
    return None


def sqlstate_of(error: DBAPIError) -> str | None:
    return error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None


def touched(connection: Connection, table: Table, statement: str, row: Row) -> int:
    """How many rows an UPDATE or DELETE of one row reached; a missing privilege is none."""
    if statement == "update":
        column = (privileged(connection, table, "update") or [table.primary_key.columns[0].name])[0]
        change: Any = table.update().values({column: table.columns[column]})
    else:
        change = table.delete()
    try:
        with connection.begin_nested():
            return int(connection.execute(change.where(key_of(table, row))).rowcount)
    except DBAPIError as error:
        if sqlstate_of(error) != INSUFFICIENT_PRIVILEGE:
            raise
        return 0


def seen(connection: Connection, table: Table, row: Row) -> bool:
    if not privileged(connection, table, "select"):
        return False
    return bool(connection.execute(select(func.count()).where(key_of(table, row))).scalar_one())


def insertable(world: World, table: Table) -> Row:
    """A row of tenant A that nothing but a missing right keeps out: everything it refers to is new."""
    row = world.a.new_row(table, 0)
    with world.superuser.begin() as superuser:
        user_id = world.new_member(superuser, world.a, "member")
        for constraint in foreign_keys(table):
            target = constraint.referred_table
            if target.name == "tenant_users":
                parent: Row = {"tenant_id": world.a.tenant_id, "user_id": user_id}
            else:
                parent = world.a.new_row(target, 0)
                superuser.execute(target.insert().values(parent | _owned_by(user_id, target)))
            row |= {link.parent.name: parent[link.column.name] for link in constraint.elements}
    return row


def _owned_by(user_id: uuid.UUID, table: Table) -> Row:
    return {"user_id": user_id} if "user_id" in table.columns else {}


@every_table
def test_another_tenants_rows_are_not_seen(world: World, table: Table) -> None:
    if table.name == "permissions":
        pytest.skip("a catalogue belongs to everybody")
    with world.acting(world.members["owner"]) as connection:
        assert not any(seen(connection, table, row) for row in world.b.rows[table.name])


@every_tenant_table
def test_the_tenants_own_rows_are_seen(world: World, table: Table) -> None:
    with world.acting(world.members["owner"]) as connection:
        assert all(seen(connection, table, row) for row in world.a.rows[table.name])


@every_table
@pytest.mark.parametrize("role", ["owner", "member"])
def test_no_row_is_inserted_into_another_tenant(world: World, table: Table, role: str) -> None:
    with world.acting(world.members[role]) as connection:
        row = world.b.new_row(table, 1)
        assert sqlstate(connection, table, row) == INSUFFICIENT_PRIVILEGE


@every_table
@pytest.mark.parametrize("statement", ["update", "delete"])
def test_another_tenants_rows_are_not_changed(world: World, table: Table, statement: str) -> None:
    with world.acting(world.members["owner"]) as connection:
        assert not any(touched(connection, table, statement, row) for row in world.b.rows[table.name])


@every_tenant_table
def test_a_row_does_not_move_to_another_tenant(world: World, table: Table) -> None:
    move = table.update().values(tenant_id=world.b.tenant_id)
    with (
        world.acting(world.members["owner"]) as connection,
        pytest.raises(DBAPIError) as caught,
        connection.begin_nested(),
    ):
        connection.execute(move)
    assert sqlstate_of(caught.value) == INSUFFICIENT_PRIVILEGE


@every_tenant_table
def test_the_owner_writes_what_is_granted(world: World, table: Table) -> None:
    """Or the refusals of the other tests would prove nothing."""
    new = insertable(world, table)
    with world.acting(world.members["owner"]) as connection:
        if privileged(connection, table, "update"):
            assert touched(connection, table, "update", world.a.rows[table.name][0]) == 1
        if privileged(connection, table, "insert"):
            assert sqlstate(connection, table, new) is None


@every_tenant_table
def test_a_foreign_key_tells_nothing_of_another_tenant(world: World, table: Table) -> None:
    row = insertable(world, table)
    links = [key for key in foreign_keys(table) if "tenant_id" in key.column_keys]
    with world.acting(world.members["owner"]) as connection:
        if not links or not privileged(connection, table, "insert"):
            pytest.skip("nothing to probe with")
        for constraint in links:
            ((name, key),) = ((link.parent.name, link.column.name) for link in constraint.elements[1:])
            there = row | {name: world.b.rows[constraint.referred_table.name][0][key]}
            nowhere = row | {name: uuid.uuid4()}
            assert sqlstate(connection, table, there) == FOREIGN_KEY_VIOLATION
            assert sqlstate(connection, table, nowhere) == FOREIGN_KEY_VIOLATION


@every_table
def test_without_context_there_is_nothing(world: World, table: Table) -> None:
    with world.without_context() as connection:
        if privileged(connection, table, "select") and table.name != "permissions":
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert sqlstate(connection, table, world.a.new_row(table, 1)) == INSUFFICIENT_PRIVILEGE
        for statement in ("update", "delete"):
            assert not any(touched(connection, table, statement, row) for row in world.a.rows[table.name])


@every_tenant_table
def test_a_viewer_reads_and_never_writes(world: World, table: Table) -> None:
    new = insertable(world, table)
    if "user_id" in new:
        new["user_id"] = world.members["viewer"]
    with world.acting(world.members["viewer"]) as connection:
        assert sqlstate(connection, table, new) == INSUFFICIENT_PRIVILEGE
        for statement in ("update", "delete"):
            assert not any(touched(connection, table, statement, row) for row in world.a.rows[table.name])


@every_tenant_table
def test_a_member_sees_only_his_own_of_personal_rows(world: World, table: Table) -> None:
    if "user_id" not in table.columns or table.name in {"tenant_users", "user_roles", "user_token_policies"}:
        pytest.skip("rows of the tenant, not of a person")
    with world.acting(world.members["member"]) as connection:
        assert not any(seen(connection, table, row) for row in world.a.rows[table.name])


@every_table
def test_the_superadmin_sees_every_tenant(world: World, table: Table) -> None:
    with world.superadmin.connect() as connection:
        everything = [row for household in (world.a, world.b) for row in household.rows[table.name]]
        assert all(seen(connection, table, row) for row in everything) != (table.name == "context_keys")


@every_table
def test_nobody_but_the_owner_holds_dangerous_privileges(world: World, table: Table) -> None:
    for engine in (world.application, world.superadmin):
        with engine.connect() as connection:
            assert not any(may(connection, table, name) for name in ("truncate", "references", "trigger"))
            assert "tenant_id" not in privileged(connection, table, "update")
