"""Somebody of the back office who connects with psql and would like to look without leaving a trace."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import Connection
from tests.attacks.conftest import TENANT_TABLES, Attacker
from tests.models.conftest import PASSWORD, login
from tests.support.servers import Server

from tenantry.models import Base, CatalogScoped
from tenantry.models.roles import SUPERADMIN

LOOK = "SELECT count(*) FROM ai_workflows"
ENABLE = "SELECT enable_superadmin_mode('ticket 4711')"
REFUSED, BAD_RECORD = "42501", "28000"


class Office(Connection[tuple[object, ...]]):
    """A plain connection of the login."""

    def look(self) -> object:
        return self.value(LOOK)

    def value(self, statement: str) -> object:
        row = self.execute(statement.encode()).fetchone()
        assert row is not None
        return row[0]

    def refuses(self, statement: str, sqlstate: str) -> None:
        with pytest.raises(psycopg.Error) as caught:
            self.execute(statement.encode())
        assert caught.value.sqlstate == sqlstate, caught.value
        self.rollback()

    def enter(self, entry: object) -> None:
        self.execute("SELECT set_config('tenantry.superadmin', %s, false)", [str(entry)])


@pytest.fixture
def office(attacker: Attacker, server: Server) -> Iterator[Office]:
    with login(server, SUPERADMIN) as name, connected(attacker, name) as connection:
        yield connection


@contextmanager
def connected(attacker: Attacker, name: str) -> Iterator[Office]:
    engine = attacker.world.superuser
    _, place = engine.dialect.create_connect_args(engine.url.set(username=name, password=PASSWORD))
    with Office.connect(**place) as connection:
        yield connection


@pytest.fixture
def everything(attacker: Attacker) -> object:
    return attacker.as_superuser(LOOK)


def entries_of(attacker: Attacker, office: Office) -> object:
    return attacker.as_superuser(f"SELECT count(*) FROM admin_audit_logs WHERE login = '{office.info.user}'")


def test_nothing_but_what_everybody_sees_is_seen_before(office: Office) -> None:
    for mapper in Base.registry.mappers:
        table = str(mapper.local_table)
        if office.value(f"SELECT has_table_privilege('{table}', 'select')") and not issubclass(
            mapper.class_, CatalogScoped
        ):
            assert office.value(f"SELECT count(*) FROM {table}") == 0, table
            with office.cursor().copy(f"COPY {table} TO STDOUT".encode()) as copy:
                assert not b"".join(map(bytes, copy)), table
    assert office.value("SELECT is_superadmin()") is False


def test_all_is_seen_once_it_is_on_record(attacker: Attacker, office: Office, everything: object) -> None:
    entry = office.value(f"SELECT enable_superadmin_mode('ticket 4711', '{attacker.names['theirs']}')")
    office.commit()
    assert office.value("SELECT is_superadmin()") is True
    assert office.look() == everything
    office.rollback()
    found = attacker.as_superuser_all(
        "SELECT login::text, action, target_tenant_id::text, details ->> 'reason', created_at <= clock_timestamp()"
        f" FROM admin_audit_logs WHERE id = '{entry}'"
    )
    told = (office.info.user, "enable_superadmin_mode", attacker.names["theirs"], "ticket 4711", True)
    assert found == [told]


@pytest.mark.parametrize("reason", ["", "''", "' '", "NULL", "E'\\n'"])
def test_a_reason_is_given(attacker: Attacker, office: Office, reason: str) -> None:
    office.refuses(f"SELECT enable_superadmin_mode({reason})", "22023")
    assert entries_of(attacker, office) == 0


def test_the_transaction_of_the_record_sees_nothing(office: Office) -> None:
    office.execute(ENABLE)
    office.refuses(LOOK, BAD_RECORD)


def test_a_savepoint_is_the_same_transaction(office: Office) -> None:
    office.execute(f"SAVEPOINT s; {ENABLE}; RELEASE SAVEPOINT s")
    office.refuses(LOOK, BAD_RECORD)
    office.execute(f"SAVEPOINT s; {ENABLE}; ROLLBACK TO SAVEPOINT s")
    assert office.look() == 0


def test_a_block_that_catches_errors_is_the_same_transaction(office: Office) -> None:
    office.execute("DO $$ BEGIN PERFORM enable_superadmin_mode('x'); EXCEPTION WHEN others THEN NULL; END $$")
    office.refuses(LOOK, BAD_RECORD)


def test_a_record_that_is_rolled_back_opens_nothing(attacker: Attacker, office: Office) -> None:
    entry = office.value(ENABLE)
    office.rollback()
    assert office.look() == 0
    office.enter(entry)
    office.refuses(LOOK, BAD_RECORD)
    assert entries_of(attacker, office) == 0


def test_a_record_that_is_prepared_opens_nothing(attacker: Attacker, office: Office, everything: object) -> None:
    office.autocommit = True
    name = uuid.uuid4().hex
    for end, seen in (("ROLLBACK", None), ("COMMIT", everything)):
        office.execute("BEGIN")
        entry = office.value(ENABLE)
        office.execute(f"PREPARE TRANSACTION '{name}'".encode())
        try:
            office.enter(entry)
            office.refuses(LOOK, BAD_RECORD)
        finally:
            office.execute(f"{end} PREPARED '{name}'".encode())
        if seen is None:
            office.refuses(LOOK, BAD_RECORD)
        else:
            assert office.look() == seen
    assert entries_of(attacker, office) == 1


@pytest.mark.parametrize("forged", ["00000000-0000-0000-0000-000000000000", "f6a1a8f7-9a2e-4a0f-8d53-51f6c2a4b0d1"])
def test_an_entry_that_is_not_there_opens_nothing(office: Office, forged: str) -> None:
    office.enter(forged)
    office.commit()
    office.refuses(LOOK, BAD_RECORD)


@pytest.mark.parametrize("forged", ["true", "on", "1", "' OR true"])
def test_what_is_no_entry_opens_nothing(office: Office, forged: str) -> None:
    office.enter(forged)
    office.commit()
    office.refuses(LOOK, "22P02")


def test_the_entry_of_another_login_opens_nothing(attacker: Attacker, office: Office, server: Server) -> None:
    with login(server, SUPERADMIN) as name, connected(attacker, name) as colleague:
        entry = colleague.value(ENABLE)
        colleague.commit()
        assert colleague.look() != 0
        office.enter(entry)
        office.refuses(LOOK, BAD_RECORD)


def test_an_entry_about_something_else_opens_nothing(office: Office) -> None:
    office.execute(ENABLE)
    office.commit()
    entry = office.value("SELECT write_admin_audit_log('looked around')")
    office.commit()
    office.enter(entry)
    office.refuses(LOOK, BAD_RECORD)


def test_an_entry_expires(attacker: Attacker, office: Office) -> None:
    entry = office.value(ENABLE)
    office.commit()
    assert office.look() != 0
    with attacker.world.superuser.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(
            f"UPDATE admin_audit_logs SET created_at = created_at - interval '8 hours' WHERE id = '{entry}'"
        )
    # also for a transaction that goes on since then
    office.refuses(LOOK, BAD_RECORD)
    office.execute(ENABLE)
    office.commit()
    assert office.look() != 0


def test_a_snapshot_from_before_sees_nothing(attacker: Attacker, office: Office) -> None:
    office.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    assert office.look() == 0
    with connected(attacker, office.info.user) as other:
        entry = other.value(ENABLE)
    office.enter(entry)
    office.refuses(LOOK, BAD_RECORD)


def test_a_cursor_held_sees_what_was_to_be_seen_when_it_was_opened(office: Office) -> None:
    office.execute("DECLARE before CURSOR WITH HOLD FOR SELECT id FROM ai_workflows")
    office.commit()
    office.execute(ENABLE)
    office.commit()
    assert office.execute("FETCH ALL FROM before").fetchall() == []


def test_a_cursor_held_beyond_the_commit_of_the_record_opens_nothing(attacker: Attacker, office: Office) -> None:
    office.execute(ENABLE)
    office.execute("DECLARE within CURSOR WITH HOLD FOR SELECT id FROM ai_workflows")
    with pytest.raises(psycopg.Error) as caught:
        office.commit()
    assert caught.value.sqlstate == BAD_RECORD
    assert entries_of(attacker, office) == 0


def test_a_plan_prepared_on_record_shows_nothing_off_record(office: Office) -> None:
    office.execute(ENABLE)
    office.commit()
    office.execute("PREPARE look AS SELECT id FROM ai_workflows")
    for _ in range(6):
        assert office.execute("EXECUTE look").fetchall()
    office.enter("")
    assert office.execute("EXECUTE look").fetchall() == []


def test_the_record_is_known_to_parallel_workers(office: Office, everything: object) -> None:
    parallel = "debug_parallel_query" if office.info.server_version >= 160000 else "force_parallel_mode"
    office.execute(ENABLE)
    office.commit()
    office.execute(f"SET {parallel} = on".encode())
    assert office.look() == everything
    office.execute("UPDATE ai_workflows SET name = name")
    assert office.look() == everything


WRITES = {
    "a row": "INSERT INTO ai_workflows (tenant_id, name) VALUES ('{theirs}', 'by nobody')",
    "a tenant": "INSERT INTO tenants (slug, name) VALUES ('nobodys', 'Nobody''s')",
    "a tenant provisioned": "SELECT provision_tenant('nobodys', 'Nobody''s', '{their_user}')",
    "a person": "INSERT INTO users (email) VALUES ('nobody@example.com')",
    "reference data": "INSERT INTO feature_flag_definitions (key, name) VALUES ('nobodys', 'Nobody''s')",
    "an entry": "SELECT write_admin_audit_log('nothing')",
    "a tenant entered": "SELECT set_tenant('{theirs}')",
    "the record": "INSERT INTO admin_audit_logs (login, action, recorded_in)"
    " VALUES (session_user, 'enable_superadmin_mode', 1)",
    "the record changed": "UPDATE admin_audit_logs SET details = '{{}}'",
    "the record gone": "DELETE FROM admin_audit_logs",
    "no record at all": "TRUNCATE admin_audit_logs",
    "without triggers": "ALTER TABLE admin_audit_logs DISABLE TRIGGER ALL",
    "without row security": "ALTER TABLE ai_workflows DISABLE ROW LEVEL SECURITY",
    "as a replica": "SET session_replication_role = replica",
    "the question": "CREATE OR REPLACE FUNCTION is_superadmin() RETURNS boolean LANGUAGE sql AS 'SELECT true'",
    "the answer": "SELECT superadmin_is_on_record()",
    "the owner": "SET ROLE tenantry_owner",
    "the application": "SET ROLE tenantry_app",
}


@pytest.mark.parametrize("write", list(WRITES))
def test_nothing_is_written_before(attacker: Attacker, office: Office, write: str) -> None:
    office.refuses(WRITES[write].format_map(attacker.names), REFUSED)


@pytest.mark.parametrize("write", [write for write in WRITES if "record" in write or "trigger" in write])
def test_the_record_is_not_altered_by_who_is_on_it(attacker: Attacker, office: Office, write: str) -> None:
    office.execute(ENABLE)
    office.commit()
    office.refuses(WRITES[write].format_map(attacker.names), REFUSED)
    assert entries_of(attacker, office) == 1


@pytest.mark.parametrize("table", ["ai_workflows", "products", "crm_leads"])
def test_rows_are_neither_changed_nor_deleted_before(attacker: Attacker, office: Office, table: str) -> None:
    column = attacker.as_superuser(
        f"SELECT column_name FROM information_schema.column_privileges WHERE grantee = '{SUPERADMIN}'"
        f" AND table_name = '{table}' AND privilege_type = 'UPDATE' LIMIT 1"
    )
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        assert office.execute(statement.encode()).rowcount == 0


def test_a_tenant_entered_on_record_is_left_with_it(attacker: Attacker, office: Office) -> None:
    """The token of set_tenant() serves its caller alone, and only while he is on record."""
    office.execute(ENABLE)
    office.commit()
    office.execute(f"SELECT set_tenant('{attacker.names['theirs']}')".encode())
    assert str(office.value("SELECT get_current_tenant()")) == attacker.names["theirs"]
    token = str(office.value("SELECT current_setting('tenantry.context')"))
    office.rollback()
    office.enter("")
    office.execute("SELECT set_config('tenantry.context', %s, false)", [token])
    office.commit()
    office.refuses(LOOK, BAD_RECORD)
    assert attacker.leaked(attacker.run("SELECT * FROM ai_workflows", token=token), token) == set()
    assert BAD_RECORD in str(attacker.run("SELECT get_current_tenant()", token=token))


def test_no_function_tells_or_changes_anything_before(attacker: Attacker, office: Office) -> None:
    """Whatever the superadmin's role may execute, called with the other tenant's ids."""
    functions = attacker.as_superuser_all(
        "SELECT oid::regproc::text, proargtypes::regtype[]::text[] FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND prorettype <> 'trigger'::regtype"
        f" AND has_function_privilege('{SUPERADMIN}', oid, 'execute')"
    )
    before, theirs = attacker.fingerprint(), attacker.names["theirs"]
    values = {"uuid": ("theirs", "their_user", "their_product"), "text": ("their_slug", "their_email", "theirs")}
    assert functions
    for name, types in functions:
        for turn in range(3):
            given = [f"'{attacker.names[values[kind][turn]]}'" if kind in values else "NULL" for kind in types]
            arguments = ", ".join(f"{value}::{kind}" for value, kind in zip(given, types, strict=True))
            call = f"SELECT * FROM {name}({arguments})"
            try:
                told = str(office.execute(call.encode()).fetchall())
                office.commit()
            except psycopg.Error as error:
                told = str(error)
                office.rollback()
            office.enter("")
            office.commit()
            known = {theirs, *(value.strip("'") for value in given)}
            assert not {secret for secret in attacker.secrets() - known if secret in told}, call
    assert attacker.fingerprint() == before


def test_every_policy_of_the_superadmin_asks_for_the_record(attacker: Attacker) -> None:
    policies = attacker.as_superuser_all(
        "SELECT polrelid::regclass::text, pg_get_expr(polqual, polrelid) FROM pg_policy"
        f" WHERE '{SUPERADMIN}'::regrole = ANY(polroles)"
    )
    assert {expression for _, expression in policies} == {"( SELECT is_superadmin() AS is_superadmin)"}
    assert {table for table, _ in policies} >= {table.name for table in TENANT_TABLES}
