"""Changes of rows in the audit log: every one of an audited table, whoever makes it, and no secret."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Text, Uuid, text
from tests.models.conftest import refused
from tests.models.platform import INSUFFICIENT_PRIVILEGE, Platform, Tenancy, insert, platform_at

from tenantry.ddl import DeclarationError, Trigger, declared
from tenantry.models import SENSITIVE, Audited, Base, PlatformScoped, TenantConfigScoped
from tenantry.models.auditing import audit
from tenantry.models.columns import SECRET

platform = pytest.fixture(scope="module")(platform_at)

MODELS: list[Any] = [mapper.class_ for mapper in Base.registry.mappers]
CONFIG = sorted(model.__tablename__ for model in MODELS if issubclass(model, TenantConfigScoped))
CHANGES = text("""
    SELECT operation, user_id, login, is_superadmin_action, resource_id, details FROM audit_logs
    WHERE tenant_id = :tenant AND resource_type = :table ORDER BY entry_number
""")


def changes(platform: Platform, tenant: Tenancy, table: str) -> list[Any]:
    with platform.superuser.connect() as connection:
        return list(connection.execute(CHANGES, {"tenant": tenant.id, "table": table}))


def new_department(connection: Connection, **columns: Any) -> uuid.UUID:
    found = connection.execute(
        text("INSERT INTO departments (name, code) VALUES (:name, :code) RETURNING id"),
        {"name": "Sales", "code": uuid.uuid4().hex, **columns},
    ).scalar_one()
    return uuid.UUID(str(found))


@pytest.mark.parametrize("table", [*CONFIG, "api_keys", "subscriptions", "system_configurations", "tenants"])
def test_every_table_of_settings_is_audited(table: str) -> None:
    names = {trigger.name for trigger in declared(Base.metadata.tables[table], Trigger)}
    assert {"audit_insert", "audit_update", "audit_delete"} <= names


def test_a_row_is_followed_from_its_beginning_to_its_end(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        row = new_department(connection, code="sales")
        connection.execute(text("UPDATE departments SET name = 'Trade'"))
        connection.execute(text("DELETE FROM departments"))
    made, renamed, gone = changes(platform, tenant, "departments")
    login = platform.application.url.username
    assert all(entry[1:5] == (tenant.owner, login, False, str(row)) for entry in (made, renamed, gone))
    assert [entry.operation for entry in (made, renamed, gone)] == ["insert", "update", "delete"]
    assert made.details.keys() == {"new"}
    assert made.details["new"].items() >= {"id": str(row), "name": "Sales", "code": "sales"}.items()
    assert renamed.details == {"old": {"name": "Sales"}, "new": {"name": "Trade"}}
    assert gone.details.keys() == {"old"}
    assert gone.details["old"]["name"] == "Trade"


def test_what_changes_nothing_leaves_no_entry(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        new_department(connection)
        connection.execute(text("UPDATE departments SET name = name"))
        connection.execute(text("UPDATE departments SET name = 'other' WHERE name = 'nobody'"))
        connection.execute(text("DELETE FROM departments WHERE name = 'nobody'"))
    assert [entry.operation for entry in changes(platform, tenant, "departments")] == ["insert"]


def test_each_row_of_a_statement_has_its_own_entry(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        rows = [new_department(connection, code=code) for code in ("a", "b", "c")]
        connection.execute(text("UPDATE departments SET name = code, code = code || '!' WHERE code <> 'b'"))
    updated = [entry for entry in changes(platform, tenant, "departments") if entry.operation == "update"]
    assert {entry.resource_id: entry.details for entry in updated} == {
        str(rows[place]): {"old": {"name": "Sales", "code": code}, "new": {"name": code, "code": f"{code}!"}}
        for place, code in ((0, "a"), (2, "c"))
    }


def test_an_upsert_and_a_merge_are_what_they_do(platform: Platform) -> None:
    tenant = platform.new_tenant()
    upsert = """
        INSERT INTO departments (name, code) VALUES ('A', 'a'), ('B', 'b')
        ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name
    """
    merge = """
        MERGE INTO departments AS kept USING (VALUES ('a'), ('c')) AS given (code)
            ON kept.tenant_id = get_current_tenant() AND kept.code = given.code
        WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (name, code) VALUES ('C', given.code)
    """
    with platform.acting(tenant) as connection:
        new_department(connection, code="a")
        connection.execute(text(upsert))
        connection.execute(text(merge))
    found = [entry.operation for entry in changes(platform, tenant, "departments")]
    assert sorted(found) == ["delete", "insert", "insert", "insert", "update"]


def test_a_row_whose_key_changes_goes_and_comes(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        row, other = new_department(connection), uuid.uuid4()
    with platform.superuser.begin() as connection:
        connection.execute(text("UPDATE departments SET id = :new WHERE id = :old"), {"new": other, "old": row})
    _, *moved = changes(platform, tenant, "departments")
    assert {(entry.operation, entry.resource_id) for entry in moved} == {("delete", str(row)), ("insert", str(other))}


@pytest.mark.parametrize(
    ("table", "column", "row"),
    [
        ("api_keys", "key_hash", {"key_prefix": "ab"}),
        ("sms_sender_accounts", "auth_token_encrypted", {"account_name": "main", "provider": "twilio"}),
    ],
)
def test_a_secret_is_noted_without_its_value(platform: Platform, table: str, column: str, row: dict[str, Any]) -> None:
    tenant, secrets = platform.new_tenant(), (uuid.uuid4().hex, uuid.uuid4().hex)
    with platform.acting(tenant) as connection:
        insert(connection, table, **row, **{column: secrets[0]})
        connection.execute(text(f"UPDATE {table} SET {column} = :secret"), {"secret": secrets[1]})
        connection.execute(text(f"DELETE FROM {table}"))
    made, changed, gone = changes(platform, tenant, table)
    assert changed.details == {"old": {}, "new": {}, "sensitive": [column]}
    for entry in (made, gone):
        assert entry.details["sensitive"] == [column]
        assert column not in entry.details.get("new", entry.details.get("old"))
    whole = platform.value(
        "SELECT string_agg(log::text, '') FROM audit_logs AS log WHERE tenant_id = :id", id=tenant.id
    )
    assert not any(secret in whole for secret in secrets)


def test_what_the_database_does_by_itself_is_logged_too(platform: Platform) -> None:
    """Rows that go with another, and columns that a trigger changes."""
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        connection.execute(text("DELETE FROM roles WHERE key = 'owner'"))
    assert [entry.operation for entry in changes(platform, tenant, "user_roles")] == ["insert", "delete"]
    with platform.operating() as connection:
        connection.execute(
            text("UPDATE subscriptions SET plan = 'pro' WHERE tenant_id = :tenant"), {"tenant": tenant.id}
        )
    last = changes(platform, tenant, "tenants")[-1]
    assert last.details == {"old": {"plan": "free"}, "new": {"plan": "pro"}}


def test_who_acted_is_not_what_a_setting_says(platform: Platform) -> None:
    tenant, other = platform.new_tenant(), platform.new_user()
    with platform.acting(tenant) as connection:
        for setting in ("tenantry.user", "tenantry.user_id", "app.current_user_id", "tenantry.actor"):
            connection.execute(text("SELECT set_config(:name, :value, true)"), {"name": setting, "value": str(other)})
        new_department(connection)
    (entry,) = changes(platform, tenant, "departments")
    assert entry.user_id == tenant.owner


def test_the_superadmin_and_whoever_has_no_context_are_known_by_their_login(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        new_department(connection, code="office")
    with platform.superuser.begin() as connection:
        insert(connection, "departments", tenant_id=tenant.id, name="Works", code="works")
    found = [entry[1:4] for entry in changes(platform, tenant, "departments")]
    logins = [platform.superadmin.url.username, platform.value("SELECT session_user::text")]
    assert found == [(None, login, True) for login in logins]


def test_who_joins_by_an_invitation_is_in_the_log_of_the_tenant(platform: Platform) -> None:
    tenant, email = platform.new_tenant(), f"{uuid.uuid4().hex}@example.com"
    person = platform.new_user(email=email)
    with platform.acting(tenant) as connection:
        invitation = connection.execute(
            text("INSERT INTO tenant_invitations (email, expires_at) VALUES (:email, now() + '1 day') RETURNING id"),
            {"email": email},
        ).scalar_one()
    nowhere = Tenancy(None, person, "")  # type: ignore[arg-type]
    with platform.acting(nowhere) as connection:
        connection.execute(text("SELECT accept_invitation(:id)"), {"id": invitation})
    joined = changes(platform, tenant, "tenant_users")[-1]
    assert joined[:2] == ("insert", person)


def test_what_is_rolled_back_was_not(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        undone = connection.begin_nested()
        new_department(connection)
        undone.rollback()
    assert changes(platform, tenant, "departments") == []


def test_an_application_cannot_word_an_entry_like_a_change_of_a_row(platform: Platform) -> None:
    tenant = platform.new_tenant()
    forged = text("SELECT write_audit_log('subscriptions.update', 'subscriptions', '7', '{\"new\": {}}')")
    with platform.acting(tenant) as connection:
        entry = connection.execute(forged).scalar_one()
    assert platform.value("SELECT operation FROM audit_logs WHERE id = :id", id=entry) is None


def test_the_trigger_is_nobodys_to_use(platform: Platform) -> None:
    tenant = platform.new_tenant()
    stand_in = "CREATE TEMPORARY TABLE subscriptions (tenant_id uuid, id uuid)"
    for statement in (stand_in, "SELECT audit_change()", "SELECT describe_change(NULL, '{}', '{}')"):
        with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
            connection.execute(text(statement))


def test_a_tenant_with_a_history_stays(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused("23503", match="audit_logs"), platform.superuser.begin() as connection:
        connection.execute(text("DELETE FROM tenants WHERE id = :id"), {"id": tenant.id})


def test_a_column_is_sensitive_by_its_name_or_its_mark() -> None:
    table = Table(
        "contracts",
        MetaData(),
        Column("tenant_id", Uuid),
        Column("title", Text),
        Column("signing_secret", Text),
        Column("pin", Text, info={SENSITIVE: True}),
        Column("hidden", Text, info={SECRET: True}),
        Column("page_token", Text, info={SENSITIVE: False}),
        Column("max_tokens", Text),
    )
    audit(table)
    assert {trigger.execute for trigger in declared(table, Trigger)} == {
        "audit_change('signing_secret', 'pin', 'hidden')"
    }


def test_a_table_may_be_left_out() -> None:
    class Draft(TenantConfigScoped, Base):
        """Not worth a word."""

        __tablename__ = "drafts"
        __audited__ = False

    table = Base.metadata.tables["drafts"]
    Base.metadata.remove(table)
    Base.registry._dispose_cls(Draft)
    assert [trigger.name for trigger in declared(table, Trigger)] == ["set_updated_at"]


def test_rows_without_a_tenant_cannot_be_audited() -> None:
    with pytest.raises(DeclarationError, match="these rows have none"):

        class Audience(Audited, PlatformScoped, Base):
            """Not to be."""

            __tablename__ = "audience"

    Base.metadata.remove(Base.metadata.tables["audience"])
