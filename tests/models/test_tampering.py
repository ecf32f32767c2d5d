"""What is sealed: no role changes any of it, and where a superuser does, it shows."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, Tenancy, platform_at
from tests.models.trail import seal, verify, write
from tests.support.servers import Server

from tenantry.runtime.audit import BrokenLink, Fault, verify_audit_log

platform = pytest.fixture(platform_at)

APPEND_ONLY_LOGS = ("audit_logs", "admin_audit_logs", "audit_seals")


@pytest.fixture
def tenant(platform: Platform) -> Tenancy:
    return platform.new_tenant()


@contextmanager
def tampering(platform: Platform) -> Iterator[Connection]:
    """What a superuser can do, with the triggers out of his way."""
    with platform.superuser.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


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
    "what opened superadmin mode": (
        Fault.ENTRY_CHANGED,
        "UPDATE admin_audit_logs SET recorded_in = coalesce(recorded_in, 0) + 1",
    ),
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
        with getattr(platform, who).connect() as connection, refused(INSUFFICIENT_PRIVILEGE):
            connection.execute(text(attack))
    assert platform.one(f"SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t") == before
