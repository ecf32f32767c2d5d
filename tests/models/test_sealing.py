"""Sealing: every entry is sealed once, and none is forgotten, however late it is committed."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import engine, refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, Tenancy, at_once, insert, platform_at
from tests.models.trail import count, seal, verify, write
from tests.support.databases import administrator, dump, fresh_database, run_script
from tests.support.servers import Server

from tenantry.models import Base
from tenantry.runtime.audit import AuditError, seal_audit_log, verify_audit_log

platform = pytest.fixture(platform_at)


@pytest.fixture
def tenant(platform: Platform) -> Tenancy:
    return platform.new_tenant()


@contextmanager
def open_transaction(platform: Platform, tenant: Tenancy) -> Iterator[Connection]:
    """One that has written an entry and goes on."""
    with platform.acting(tenant) as connection:
        connection.execute(text("SELECT write_audit_log('open')"))
        yield connection


def test_every_entry_of_both_logs_is_sealed_once(platform: Platform, tenant: Tenancy) -> None:
    write(platform, tenant, 5)
    entries = count(platform)
    assert seal(platform).entries == entries
    assert seal(platform).entries == 0
    write(platform, tenant, 3)
    assert seal(platform).entries == 3
    found = verify(platform)
    assert (found.is_intact, found.seals, found.entries, found.unsealed) == (True, 2, entries + 3, 0)


def test_a_seal_covers_no_more_than_it_is_asked_to(platform: Platform, tenant: Tenancy) -> None:
    write(platform, tenant, 25)
    assert seal(platform, 7).entries == count(platform)
    assert platform.value("SELECT max(entry_count) FROM audit_seals") <= 7
    assert verify(platform).is_intact


def test_what_is_rolled_back_leaves_gaps_that_nothing_waits_for(platform: Platform, tenant: Tenancy) -> None:
    for _ in range(3):
        with platform.superuser.connect() as connection:
            connection.execute(text("SELECT setval('audit_entry_numbers', nextval('audit_entry_numbers') + 1000)"))
            connection.rollback()
        write(platform, tenant)
    assert seal(platform, 100).entries == count(platform)
    assert verify(platform).is_intact
    assert platform.value("SELECT count(*) FROM audit_seals WHERE entry_count = 0") == 0


def test_an_entry_that_is_committed_late_is_sealed_later(platform: Platform, tenant: Tenancy) -> None:
    """Although others with higher numbers were there, and sealing was tried, before."""
    with open_transaction(platform, tenant):
        write(platform, tenant, 4)
        assert seal(platform).entries == 0
        assert seal(platform).entries == 0
    assert seal(platform).entries == count(platform)
    assert verify(platform).is_intact


def test_sealing_goes_on_although_somebody_is_always_writing(platform: Platform, tenant: Tenancy) -> None:
    """What was numbered when the first of them was there is final once he has ended, whoever came since."""
    with open_transaction(platform, tenant):
        write(platform, tenant, 4)
        seal(platform)
        noted = count(platform)
        second = open_transaction(platform, tenant)
        second.__enter__()
    assert seal(platform).entries == noted + 1
    write(platform, tenant, 2)
    assert seal(platform).entries == 0
    second.__exit__(None, None, None)
    assert seal(platform).entries == 3
    found = verify(platform)
    assert (found.is_intact, found.entries) == (True, count(platform))


def test_a_transaction_that_is_rolled_back_late_holds_nothing_up(platform: Platform, tenant: Tenancy) -> None:
    with open_transaction(platform, tenant) as connection:
        write(platform, tenant, 2)
        assert seal(platform).entries == 0
        connection.rollback()
    assert seal(platform).entries == count(platform)
    assert verify(platform).unsealed == 0


def test_the_sealers_own_entries_are_sealed_with_him(platform: Platform, tenant: Tenancy) -> None:
    with platform.operating(tenant) as connection:
        sealed = seal_audit_log(connection)
    assert sealed.entries == count(platform)
    assert verify(platform).is_intact


def test_sealing_at_the_same_instant_seals_once(platform: Platform, tenant: Tenancy) -> None:
    write(platform, tenant, 40)
    sealed = at_once(lambda _: seal(platform, 3).entries, 8)
    assert sum(sealed) == count(platform)
    assert verify(platform).is_intact


def test_writing_and_sealing_at_the_same_instant(platform: Platform, tenant: Tenancy) -> None:
    def work(number: int) -> int:
        if number % 4 == 0:
            return sum(seal(platform, 5).entries for _ in range(5))
        for turn in range(10):
            with platform.acting(tenant) as connection:
                connection.execute(text("SELECT write_audit_log('work')"))
                if turn % 3 == 0:
                    connection.rollback()
        return 0

    sealed = sum(at_once(work, 12))
    sealed += sum(seal(platform).entries for _ in range(2))
    found = verify(platform)
    assert (found.is_intact, found.unsealed, found.entries) == (True, 0, count(platform))
    assert sealed == count(platform)


def test_sealing_waits_for_no_writer_and_lets_none_wait(platform: Platform, tenant: Tenancy) -> None:
    write(platform, tenant)
    with platform.superadmin.begin() as sealing, open_transaction(platform, tenant):
        sealing.execute(text("SET LOCAL lock_timeout = '1ms'"))
        seal_audit_log(sealing)
        with platform.acting(tenant) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '1ms'"))
            connection.execute(text("SELECT write_audit_log('meanwhile')"))


def test_sealing_is_refused_where_it_would_miss_entries(platform: Platform) -> None:
    connection = platform.superadmin.connect().execution_options(isolation_level="REPEATABLE READ")
    with connection, pytest.raises(AuditError, match="committed a moment ago"):
        seal_audit_log(connection)
    with pytest.raises(AuditError, match="at least one entry"):
        seal(platform, 0)


def test_requests_do_not_seal(platform: Platform, tenant: Tenancy) -> None:
    with platform.acting(tenant) as connection, refused(INSUFFICIENT_PRIVILEGE):
        connection.execute(text("SELECT seal_audit_log()"))


def test_only_who_sees_everything_verifies(platform: Platform) -> None:
    for login in (platform.application, platform.superadmin):
        with login.connect() as connection, pytest.raises(AuditError, match="does not see every entry"):
            verify_audit_log(connection)


@pytest.mark.parametrize("table", ["audit_logs", "admin_audit_logs"])
def test_every_column_of_an_entry_is_sealed(platform: Platform, table: str) -> None:
    used = """
        SELECT array_agg(DISTINCT column_name::text) FROM information_schema.view_column_usage
        WHERE view_name = 'audit_entries' AND table_name = :table
    """
    assert set(platform.value(used, table=table)) == set(Base.metadata.tables[table].columns.keys())


def test_the_chain_holds_in_a_copy_on_another_server_and_goes_on(
    platform: Platform, tenant: Tenancy, server: Server
) -> None:
    """Where other numbers of transactions, another time zone and other settings are in force."""
    write(platform, tenant, 5)
    anchor = seal(platform, 3).newest
    write(platform, tenant, 2)
    with fresh_database(server) as copy:
        run_script(copy, dump(platform.superuser.url))
        with administrator(server) as connection:
            connection.exec_driver_sql(f"ALTER DATABASE {copy.database} SET TimeZone = 'Asia/Kathmandu'")
            connection.exec_driver_sql(f"ALTER DATABASE {copy.database} SET bytea_output = 'escape'")
            connection.exec_driver_sql(f"ALTER DATABASE {copy.database} SET DateStyle = 'German'")
        with engine(copy).begin() as connection:
            found = verify_audit_log(connection, anchor)
            assert (found.is_intact, found.unsealed) == (True, 2)
            assert seal_audit_log(connection).entries == 2
            assert verify_audit_log(connection, anchor).is_intact


def test_what_an_entry_hashes_to_depends_on_nothing_but_the_entry(platform: Platform) -> None:
    """The same on every version of PostgreSQL, under any settings of the session."""
    entry = {"id": uuid.UUID(int=7), "entry_number": 42, "created_at": "2026-03-29T02:30:00.123456+02:00"}
    details = '{"text": "é\\"\\u0000", "number": 1.50, "none": null, "list": [1e3, -0.1], "a": {"b": true}}'
    with platform.superuser.connect() as connection:
        insert(
            connection,
            "admin_audit_logs",
            login="office",
            action="tenant.opened",
            details=details.replace("\\u0000", "\\u0001"),
            ip_address="2001:DB8::1",
            **entry,
        )
        contents = set()
        for settings in (
            {},
            {"TimeZone": "Asia/Kathmandu", "DateStyle": "German, DMY", "IntervalStyle": "sql_standard"},
            {"extra_float_digits": "-15", "bytea_output": "escape", "lc_numeric": "C"},
        ):
            for name, value in settings.items():
                connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": name, "value": value})
            query = (
                "SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex') FROM audit_entries WHERE entry_number = 42"
            )
            contents.add(connection.execute(text(f"{query} AND content LIKE '%2001:db8%'")).scalar_one())
        connection.rollback()
    assert contents == {"99a9876f036da2166db3d73d6802526cce468ca14b2a6c1a250aeeb650ac18f9"}
