"""Sealing: every entry is sealed once, none is forgotten however late it is committed, and tampering shows."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, Tenancy, at_once, insert, platform_at
from tests.support.servers import Server

from tenantry.runtime.audit import (
    Anchor,
    AuditError,
    BrokenLink,
    Fault,
    Sealed,
    Verification,
    seal_audit_log,
    verify_audit_log,
)

platform = pytest.fixture(platform_at)

APPEND_ONLY_LOGS = ("audit_logs", "admin_audit_logs", "audit_seals")


@pytest.fixture
def tenant(platform: Platform) -> Tenancy:
    return platform.new_tenant()


def write(platform: Platform, tenant: Tenancy, times: int = 1) -> None:
    with platform.acting(tenant) as connection:
        for _ in range(times):
            connection.execute(text("SELECT write_audit_log('report.opened', 'reports', '7', '{\"page\": 1}')"))


def seal(platform: Platform, batch: int = 10_000) -> Sealed:
    with platform.superadmin.begin() as connection:
        return seal_audit_log(connection, batch)


def verify(platform: Platform, anchor: Anchor | None = None) -> Verification:
    with platform.superuser.connect() as connection:
        return verify_audit_log(connection, anchor)


def count(platform: Platform) -> int:
    found: int = platform.value("SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM admin_audit_logs)")
    return found


@contextmanager
def tampering(platform: Platform) -> Iterator[Connection]:
    """What a superuser can do, with the triggers out of his way."""
    with platform.superuser.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


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


def change(table: str, column: str, value: str) -> str:
    return f"""
        UPDATE {table} SET {column} = {value}
        WHERE entry_number = (SELECT max(entry_number) - 1 FROM {table} WHERE entry_number <= :through)
    """


TAMPERING = {
    "an entry's action": (Fault.ENTRY_CHANGED, change("audit_logs", "action", "'nothing'")),
    "an entry's details": (Fault.ENTRY_CHANGED, change("audit_logs", "details", "'{\"page\": 2}'")),
    "a null in its details": (Fault.ENTRY_CHANGED, change("audit_logs", "details", '\'{"page": 1, "x": null}\'')),
    "who acted": (Fault.ENTRY_CHANGED, change("audit_logs", "user_id", "NULL")),
    "when": (Fault.ENTRY_CHANGED, change("audit_logs", "created_at", "created_at - interval '1 microsecond'")),
    "when, for ever": (Fault.ENTRY_CHANGED, change("audit_logs", "created_at", "'infinity'")),
    "that it was a superadmin": (Fault.ENTRY_CHANGED, change("audit_logs", "is_superadmin_action", "true")),
    "an empty text for none": (Fault.ENTRY_CHANGED, change("audit_logs", "user_agent", "''")),
    "an operator's entry": (Fault.ENTRY_CHANGED, "UPDATE admin_audit_logs SET login = 'somebody'"),
    "an entry that goes": (Fault.ENTRY_MISSING, "DELETE FROM audit_logs WHERE action = 'report.opened'"),
    "an operator's entry that goes": (Fault.ENTRY_MISSING, "DELETE FROM admin_audit_logs"),
    "everything that goes": (Fault.ENTRY_MISSING, "TRUNCATE audit_logs, admin_audit_logs"),
    "an entry that comes": (
        Fault.ENTRY_INSERTED,
        "INSERT INTO audit_logs (tenant_id, action, entry_number) SELECT id, 'forged', :through FROM tenants LIMIT 1",
    ),
    "an entry before all others": (
        Fault.ENTRY_INSERTED,
        "INSERT INTO audit_logs (tenant_id, action, entry_number) SELECT id, 'forged', -1 FROM tenants LIMIT 1",
    ),
    "an entry of another log": (
        Fault.ENTRY_INSERTED,
        "INSERT INTO admin_audit_logs (login, action, entry_number) VALUES ('x', 'forged', :through)",
    ),
    "two entries that change places": (
        Fault.ENTRY_CHANGED,
        "UPDATE audit_logs SET entry_number = 2 * :through - 1 - entry_number WHERE :through - entry_number IN (0, 1)",
    ),
    "a seal's hash": (Fault.SEAL_CHANGED, "UPDATE audit_seals SET hash = sha256(hash) WHERE number = 2"),
    "a seal's link": (Fault.SEAL_CHANGED, "UPDATE audit_seals SET previous_hash = hash WHERE number = 2"),
    "how far a seal goes": (Fault.SEAL_CHANGED, "UPDATE audit_seals SET through = through + 1 WHERE number = 2"),
    "when it was sealed": (Fault.SEAL_CHANGED, "UPDATE audit_seals SET created_at = now() WHERE number = 2"),
    "when it was sealed, for ever": (
        Fault.SEAL_CHANGED,
        "UPDATE audit_seals SET created_at = '-infinity' WHERE number = 2",
    ),
    "what a seal noted": (Fault.SEAL_CHANGED, "UPDATE audit_seals SET writers = '{x}' WHERE number = 2"),
    "the entries of a seal": (
        Fault.SEAL_CHANGED,
        "UPDATE audit_seals SET entries = set_byte(entries, 9, 255 - get_byte(entries, 9)) WHERE number = 2",
    ),
    "the first seal": (Fault.SEAL_MISSING, "DELETE FROM audit_seals WHERE number = 1"),
    "a seal between": (Fault.SEAL_MISSING, "DELETE FROM audit_seals WHERE number = 2"),
    "a seal between, renumbered": (
        Fault.SEAL_CHANGED,
        "DELETE FROM audit_seals WHERE number = 2; UPDATE audit_seals SET number = number - 1 WHERE number > 2",
    ),
}


@pytest.fixture(scope="module")
def sealed_platform(server: Server, migrated_template: str) -> Iterator[Platform]:
    """Three seals; whoever tampers undoes it."""
    for made in platform_at(server, migrated_template):
        tenant = made.new_tenant()
        for _ in range(3):
            write(made, tenant, 4)
            seal(made)
        yield made


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_by_a_superuser_shows(sealed_platform: Platform, what: str) -> None:
    fault, statements = TAMPERING[what]
    assert verify(sealed_platform).is_intact
    with sealed_platform.superuser.connect() as connection:
        through = connection.execute(text("SELECT through FROM audit_seals WHERE number = 2")).scalar_one()
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements.split("; "):
            connection.execute(text(statement), {"through": through} if ":through" in statement else {})
        found = verify_audit_log(connection)
        connection.rollback()
    assert found.broken is not None
    assert found.broken.fault == fault
    assert verify(sealed_platform).is_intact


def test_the_first_broken_link_is_named(sealed_platform: Platform) -> None:
    with sealed_platform.superuser.connect() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        number = connection.execute(text("SELECT through - 1 FROM audit_seals WHERE number = 2")).scalar_one()
        connection.execute(text("UPDATE audit_logs SET action = 'x' WHERE entry_number >= :number"), {"number": number})
        found = verify_audit_log(connection)
        connection.rollback()
    assert found.seals == 1
    assert str(found.broken) == f"entry {number} is not what seal 2 covers: it was changed"


def test_a_chain_that_is_cut_off_or_written_anew_is_known_by_its_anchor(platform: Platform, tenant: Tenancy) -> None:
    for _ in range(3):
        write(platform, tenant, 2)
        anchor = seal(platform).newest
    assert anchor is not None
    assert verify(platform, anchor).is_intact
    with tampering(platform) as connection:
        connection.execute(text("DELETE FROM audit_seals WHERE number > 1"))
    assert verify(platform).is_intact
    assert verify(platform, anchor).broken == BrokenLink(Fault.CHAIN_TRUNCATED, anchor.number)
    with tampering(platform) as connection:
        connection.execute(text("DELETE FROM audit_seals"))
        connection.execute(text("UPDATE audit_logs SET action = 'harmless' WHERE action = 'report.opened'"))
    seal(platform, 3)
    assert verify(platform).is_intact
    assert verify(platform, anchor).broken == BrokenLink(Fault.CHAIN_REWRITTEN, anchor.number)


def test_functions_that_somebody_replaced_have_no_say(platform: Platform, tenant: Tenancy) -> None:
    write(platform, tenant, 3)
    seal(platform)
    with tampering(platform) as connection:
        connection.execute(text("UPDATE audit_logs SET action = 'harmless' WHERE action = 'report.opened'"))
        connection.execute(
            text("CREATE OR REPLACE VIEW audit_entries AS SELECT 1::bigint AS entry_number, ''::text AS content")
        )
    found = verify(platform).broken
    assert found is not None
    assert found.fault == Fault.ENTRY_CHANGED


@pytest.mark.parametrize("table", APPEND_ONLY_LOGS)
@pytest.mark.parametrize("who", ["application", "superadmin"])
def test_no_role_forges_or_removes_anything(platform: Platform, tenant: Tenancy, who: str, table: str) -> None:
    write(platform, tenant)
    seal(platform)
    attacks = [
        f"INSERT INTO {table} SELECT * FROM {table}",
        f"COPY {table} FROM PROGRAM 'true'",
        f"UPDATE {table} SET created_at = now()",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"ALTER TABLE {table} DISABLE TRIGGER refuse_change",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TRIGGER refuse_change ON {table}",
        f"DROP TABLE {table} CASCADE",
        f"LOCK TABLE {table} IN SHARE MODE",
        f"CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING",
        "SET session_replication_role = replica",
        "SELECT set_config('session_replication_role', 'replica', true)",
        "ALTER TABLE tenant_feature_flags DISABLE TRIGGER audit_update",
        "SELECT nextval('audit_entry_numbers')",
        "SELECT setval('audit_entry_numbers', 1)",
        "SELECT count(*) FROM audit_entries",
        "SELECT audit_change()",
        "CREATE OR REPLACE FUNCTION audit_change() RETURNS trigger LANGUAGE sql AS ''",
        "SET ROLE tenantry_owner",
    ]
    before = platform.one(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t")
    for attack in attacks:
        engine = getattr(platform, who)
        with engine.connect() as connection, refused(INSUFFICIENT_PRIVILEGE):
            connection.execute(text(attack))
    assert platform.one(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t") == before


def test_requests_do_not_seal(platform: Platform, tenant: Tenancy) -> None:
    with platform.acting(tenant) as connection, refused(INSUFFICIENT_PRIVILEGE):
        connection.execute(text("SELECT seal_audit_log()"))


def test_only_who_sees_everything_verifies(platform: Platform) -> None:
    for engine in (platform.application, platform.superadmin):
        with engine.connect() as connection, pytest.raises(AuditError, match="does not see every entry"):
            verify_audit_log(connection)


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
