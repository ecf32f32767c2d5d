"""The isolation of tenants, tried out on every table of an application."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

import pytest
import sqlalchemy
from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, QueuePool, Table, column, func, select
from sqlalchemy import table as named_table

from tenantry.ddl import View, declared
from tenantry.models import Base
from tenantry.runtime.context import ContextKey, tenant_context
from tenantry.testing.attempts import become, undone
from tenantry.testing.databases import application_database
from tenantry.testing.hints import HINTS, Hints, Row
from tenantry.testing.privileges import held
from tenantry.testing.probes import (
    FOREIGN_KEY_VIOLATION,
    INSUFFICIENT_PRIVILEGE,
    UNIQUE_VIOLATION,
    changed,
    insertion,
    refusal,
    seen,
)
from tenantry.testing.rows import SampleRows, foreign_keys

TENANT = "tenant_id"
_PEOPLE = {"tenants", "users", "tenant_users"}


@dataclass(frozen=True)
class TwoTenants:
    """A database with rows of two tenants.

    :param administrator: whom row security does not bind.
    :param application: the login of requests.
    :param ours: rows of the tenant that tries.
    :param theirs: rows of the other.
    :param owner: who has all rights in ours.
    """

    administrator: Engine
    application: Engine
    key: ContextKey
    ours: SampleRows
    theirs: SampleRows
    owner: uuid.UUID

    @contextmanager
    def trying(self) -> Iterator[Connection]:
        """What the owner does, undone at the end."""
        with undone(self.application) as connection, self._context(connection):
            yield connection

    @contextmanager
    def trying_after(self, prepared: Connection) -> Iterator[None]:
        """From here on the administrator's transaction is the owner's, so that what was prepared is undone with it."""
        become(prepared, self.application)
        with self._context(prepared):
            yield

    @contextmanager
    def _context(self, connection: Connection) -> Iterator[None]:
        with tenant_context(connection, self.ours.tenant_id, self.owner, key=self.key):
            yield


class TenantIsolation:
    """Tests that no tenant reaches another's rows: one for each table of an application, and each way to try.

    Inherit from it, in a class whose name pytest knows, and say what is declared. Tables of tenantry's own have been
    tried already, so that only the application's are.

    :cvar metadata: what the application declares.
    :cvar hints: how rows of its tables are made, where the declaration of a table does not tell.
    """

    metadata: ClassVar[MetaData]
    hints: ClassVar[Hints] = Hints()

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """A test for each table, or view."""
        if "table" in metafunc.fixturenames:
            metafunc.parametrize("table", _tables_of_tenants(cls.metadata), ids=str)
        if "view" in metafunc.fixturenames:
            views = sorted(declared(cls.metadata, View), key=lambda view: view.name)
            metafunc.parametrize("view", views, ids=[view.name for view in views])

    @pytest.fixture(scope="class")
    @classmethod
    def tenants(
        cls,
        tenantry_server: URL,
        tenantry_template: str,
        tenantry_login: URL,
        tenantry_key: ContextKey,
    ) -> Iterator[TwoTenants]:
        """Two tenants, each with rows in the tables, and in all that these refer to."""
        hints = HINTS | cls.hints
        tables = _with_what_they_refer_to(_tables_of_tenants(cls.metadata), cls.metadata)
        ours, theirs = (SampleRows(uuid.uuid4(), tables, hints) for _ in range(2))
        with application_database(tenantry_server, tenantry_template, tenantry_key) as url:
            administrator = sqlalchemy.create_engine(url, poolclass=NullPool)
            application = sqlalchemy.create_engine(tenantry_login.set(database=url.database), poolclass=QueuePool)
            with administrator.begin() as connection:
                ours.fill(connection)
                theirs.fill(connection)
                owner = ours.new_member(connection, "owner")
            yield TwoTenants(administrator, application, tenantry_key, ours, theirs, owner)
            application.dispose()

    def test_own_rows_are_seen(self, tenants: TwoTenants, table: Table) -> None:
        """Or the refusals of the other tests would prove nothing."""
        if "select" not in held(tenants.application, table.key):
            pytest.skip("the application does not read it")
        mine = tenants.ours.rows[table.name]
        with tenants.trying() as connection:
            found = seen(connection, tenants.application, table, mine)
        assert found == len(mine), f"an owner sees {found} of {len(mine)} rows of his own tenant in {table}"

    def test_rows_of_others_are_not_seen(self, tenants: TwoTenants, table: Table) -> None:
        """SELECT."""
        with tenants.trying() as connection:
            found = seen(connection, tenants.application, table, tenants.theirs.rows[table.name])
        assert not found, f"{found} rows of another tenant are seen in {table}: is row security forced?"

    def test_rows_of_others_are_not_changed(self, tenants: TwoTenants, table: Table) -> None:
        """UPDATE and DELETE."""
        with tenants.trying() as connection:
            found = changed(connection, tenants.application, table, tenants.theirs.rows[table.name])
        assert not found, f"{found} rows of another tenant are changed in {table}: does each policy have a USING?"

    def test_no_row_is_made_for_others(self, tenants: TwoTenants, table: Table) -> None:
        """INSERT."""
        row = tenants.theirs.new_row(table, 1)
        with tenants.trying() as connection:
            found = refusal(connection, insertion(tenants.application, table, row))
        assert found == INSUFFICIENT_PRIVILEGE, f"a row is made for another tenant in {table}: add a WITH CHECK"

    def test_no_row_moves(self, tenants: TwoTenants, table: Table) -> None:
        """UPDATE of the tenant's column."""
        with tenants.trying() as connection:
            found = refusal(connection, table.update().values({TENANT: tenants.theirs.tenant_id}))
        assert found == INSUFFICIENT_PRIVILEGE, f"{TENANT} of {table} may be updated: grant the other columns alone"

    def test_no_reference_leads_to_others(self, tenants: TwoTenants, table: Table) -> None:
        """A foreign key that looks past row security tells whether a row is there, and holds on to it."""
        if "insert" not in held(tenants.application, table.key):
            pytest.skip("the application makes no rows of it")
        with undone(tenants.administrator) as connection:
            row = self._free_row(connection, tenants, table)
            with tenants.trying_after(connection):
                for name, theirs in _references(table, tenants.theirs):
                    probe = insertion(tenants.application, table, tenants.ours.with_link(table, row, name, theirs))
                    found = refusal(connection, probe)
                    assert found == FOREIGN_KEY_VIOLATION, (
                        f"{table}.{name} can refer to another tenant's row: put {TENANT} on both sides of the key"
                    )

    def test_unique_keys_tell_nothing_of_others(self, tenants: TwoTenants, table: Table) -> None:
        """What is taken in another tenant is free in this one."""
        if "insert" not in held(tenants.application, table.key):
            pytest.skip("the application makes no rows of it")
        theirs = tenants.theirs.rows[table.name][0]
        links = {TENANT, *(link.parent.name for key in foreign_keys(table) for link in key.elements)}
        with undone(tenants.administrator) as connection:
            row = self._free_row(connection, tenants, table)
            same = row | {name: value for name, value in theirs.items() if name not in links}
            with tenants.trying_after(connection):
                found = refusal(connection, insertion(tenants.application, table, same))
        assert found != UNIQUE_VIOLATION, f"a unique key of {table} leaves {TENANT} out: put it first"

    def test_without_context_there_is_nothing(self, tenants: TwoTenants, table: Table) -> None:
        """Nobody's request sees nobody's rows."""
        rows = tenants.ours.rows[table.name]
        with undone(tenants.application) as connection:
            assert not seen(connection, tenants.application, table, rows), f"rows of {table} are seen without a context"
            assert not changed(connection, tenants.application, table, rows), f"{table} changes without a context"
            found = refusal(connection, insertion(tenants.application, table, tenants.ours.new_row(table, 1)))
        assert found == INSUFFICIENT_PRIVILEGE, f"a row of {table} is made without a context"

    def test_a_view_shows_nothing_of_others(self, tenants: TwoTenants, view: View) -> None:
        """A view reads with its owner's rights unless it is a security_invoker."""
        relation = named_table(view.name, column(TENANT), schema=view.schema)
        count = select(func.count()).select_from(relation)
        with tenants.trying() as connection:
            if refusal(connection, select(relation.c[TENANT]).limit(0)) is not None:
                pytest.skip(f"has no {TENANT}, or the application does not read it")
            found = connection.scalar(count.where(relation.c[TENANT] == tenants.theirs.tenant_id))
        assert not found, f"view {view.name} shows {found} rows of another tenant: make it a security_invoker"

    @staticmethod
    def _free_row(connection: Connection, tenants: TwoTenants, table: Table) -> Row:
        row = tenants.ours.fresh_row(connection, table)
        if tenants.ours.is_single(table):
            connection.execute(table.delete().where(table.c[TENANT] == tenants.ours.tenant_id))
        return row


def _tables_of_tenants(metadata: MetaData) -> Sequence[Table]:
    own = {
        mapper.local_table for mapper in Base.registry.mappers if mapper.class_.__module__.startswith("tenantry.models")
    }
    return [table for table in metadata.sorted_tables if TENANT in table.columns and table not in own]


def _with_what_they_refer_to(tables: Sequence[Table], metadata: MetaData) -> Sequence[Table]:
    """In the order in which rows can be inserted."""
    found: set[Table] = set()
    waiting = [*tables, *(table for table in metadata.tables.values() if table.name in _PEOPLE)]
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting.extend(key.referred_table for key in table.foreign_key_constraints)
    return [table for table in metadata.sorted_tables if table in found]


def _references(table: Table, theirs: SampleRows) -> Iterator[tuple[str, object]]:
    """Columns that refer to a tenant's rows, each with a value that is another tenant's."""
    for key in foreign_keys(table):
        *_, link = key.elements
        if TENANT in link.column.table.columns and str(link.parent) not in theirs.hints.found:
            yield link.parent.name, theirs.rows[link.column.table.name][0][link.column.name]
