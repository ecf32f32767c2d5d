"""`tenantry seed`: believable rows in every table, the same each time, and never where they do not belong."""

import uuid

import pytest
from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.orm import Session
from tests.models.conftest import engine, login
from tests.seed.conftest import Development, seeded
from tests.support.commands import Project
from tests.support.databases import fresh_database, settings_for
from tests.support.servers import Server

from tenantry.errors import TenantryError
from tenantry.models import Order, Tenant
from tenantry.models.roles import APPLICATION
from tenantry.runtime.context import ContextKey, tenant_context
from tenantry.seed import TENANTS, Size, companies, seed
from tenantry.seed.blueprint import blueprints
from tenantry.seed.people import ADMIN, NO_PASSWORD, starter_id

# one worker makes the databases that these tests share
pytestmark = pytest.mark.xdist_group("seed")

ALICE, BOB = (uuid.UUID(starter_id(f"{name}@example.com")) for name in ("alice", "bob"))

#: what triggers write: times of the load, and rows with ids of the database's making
_TIMES = {"updated_at", "last_movement_at", "counted_at"}


def test_every_table_has_rows(development: Development) -> None:
    with development.superuser.connect() as connection:
        empty = [name for name in blueprints() if not connection.scalar(text(f"SELECT EXISTS (SELECT FROM {name})"))]
    assert empty == []


def test_the_people_and_organisations_of_development(development: Development) -> None:
    memberships = """
        SELECT array_agg(tenant.name || ': ' || person.email || ', ' || member.role ORDER BY tenant.name, person.email)
        FROM tenant_users AS member
        JOIN tenants AS tenant ON tenant.id = member.tenant_id
        JOIN users AS person ON person.id = member.user_id
        WHERE person.email LIKE '%@example.com'
    """
    assert development.value(memberships) == [
        "Acme Corp: alice@example.com, owner",
        "Acme Corp: bob@example.com, admin",
        "Tech Startup Inc: bob@example.com, owner",
    ]
    assert development.value(f"SELECT is_superadmin FROM users WHERE email = '{ADMIN}'")
    plans = """
        SELECT array_agg(tenant.name || ': ' || subscription.plan ORDER BY tenant.name)
        FROM subscriptions AS subscription
        JOIN tenants AS tenant ON tenant.id = subscription.tenant_id AND tenant.plan = subscription.plan
        WHERE subscription.stripe_customer_id IS NOT NULL AND tenant.name IN ('Acme Corp', 'Tech Startup Inc')
    """
    assert development.value(plans) == ["Acme Corp: pro", "Tech Startup Inc: starter"]


def test_nobody_can_log_in(development: Development) -> None:
    hashes = "SELECT array_agg(DISTINCT password_hash) FROM (TABLE users UNION TABLE users) AS u"
    assert development.value(hashes) == [NO_PASSWORD]
    assert development.value("SELECT array_agg(DISTINCT password_hash) FROM superadmin_users") == [NO_PASSWORD]


SUMS = {
    "wallets": """
        SELECT count(*) FROM user_token_wallets AS wallet
        WHERE (current_tokens, reserved_tokens, lifetime_tokens) <> (
            SELECT sum(CASE direction WHEN 'credit' THEN amount WHEN 'debit' THEN -amount ELSE 0 END),
                sum(CASE direction WHEN 'reserve' THEN amount WHEN 'release' THEN -amount ELSE 0 END),
                sum(amount) FILTER (WHERE direction = 'credit')
            FROM user_token_ledger AS entry WHERE entry.wallet_id = wallet.id)
    """,
    "credits": """
        SELECT count(*) FROM billing_accounts AS account
        WHERE balance_credits <> (SELECT sum(amount) FROM credit_transactions WHERE billing_account_id = account.id)
    """,
    "usage": """
        SELECT count(*) FROM billing_accounts AS account
        WHERE usage_tokens_month <> (
            SELECT coalesce(sum(tokens_input + tokens_output), 0) FROM usage_events AS event
            WHERE event.tenant_id = account.tenant_id AND event.created_at >= account.usage_month)
    """,
    "days": """
        SELECT count(*) FROM (
            SELECT tenant_id, sum(total_calls) AS calls FROM user_usage_tracking GROUP BY 1) AS counted
        WHERE calls <> (
            SELECT count(*) FROM agent_runs WHERE tenant_id = counted.tenant_id AND status = 'completed')
    """,
    "stock": """
        SELECT count(*) FROM stock AS shelf
        WHERE quantity <> (SELECT sum(quantity_change) FROM stock_movements WHERE product_id = shelf.product_id)
    """,
    "materials": """
        SELECT count(*) FROM material_stock AS shelf
        WHERE quantity <> (SELECT sum(quantity_change) FROM material_history
                           WHERE material_stock_id = shelf.id AND action_type LIKE 'stock%')
    """,
    "orders": """
        SELECT count(*) FROM orders WHERE total <> (SELECT sum(total_price) FROM order_items WHERE order_id = orders.id)
    """,
    "customers": """
        SELECT count(*) FROM crm_customers AS customer
        WHERE lifetime_value <> (
            SELECT coalesce(sum(payment.amount), 0) FROM order_payments AS payment
            JOIN orders ON orders.id = payment.order_id WHERE orders.customer_id = customer.id)
    """,
    "redemptions": """
        SELECT count(*) FROM mkt_promotions AS promotion
        WHERE used_count <> (SELECT count(*) FROM mkt_promotion_redemptions WHERE promotion_id = promotion.id)
    """,
}


@pytest.mark.parametrize("query", SUMS.values(), ids=SUMS)
def test_figures_add_up(development: Development, query: str) -> None:
    assert development.value(query) == 0


def test_nothing_else_stays_behind(development: Development) -> None:
    assert development.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'seed\\_%'") == 0
    with development.superuser.connect() as connection:
        assert development.done.rows == sum(
            len(rows) for company in companies(development.done.tenants) for rows in company.rows.values()
        )
        tenants = connection.scalar(select(func.count()).select_from(Tenant))
        assert tenants == development.done.tenants + 1 == TENANTS[Size.SMALL] + 1


def test_the_same_rows_each_time(server: Server, migrated_template: str, development: Development) -> None:
    with seeded(server, migrated_template) as again:
        first, second = (_digests(made) for made in (development, again))
        assert first == second


def _digests(made: Development) -> dict[str, str]:
    with made.superuser.connect() as connection:
        return {name: _digest(connection, name) for name in blueprints()}


def _digest(connection: Connection, table: str) -> str:
    columns = ", ".join(name for name in blueprints()[table].columns if name not in _TIMES)
    own = f"SELECT row({columns})::text AS line FROM {table} WHERE created_at < '2026-07-01'"
    if table in {"tenants", "levels", "level_token_policies", "roles", "role_permissions", "superadmin_users"}:
        own += " AND created_at IN (SELECT created_at FROM tenants WHERE slug <> 'default')"
    return str(connection.scalar(text(f"SELECT md5(string_agg(line, ';' ORDER BY line)) FROM ({own}) AS lines")))


def test_rows_do_not_depend_on_how_many_there_are() -> None:
    few, more = list(companies(2)), list(companies(3))
    assert [company.rows for company in few] == [company.rows for company in more[:2]]


def test_a_member_sees_his_own_tenant_alone(server: Server, development: Development) -> None:
    key = ContextKey("k" * 32)
    with development.superuser.begin() as connection:
        key.install(connection)
        ids = {row.name: row.id for row in connection.execute(select(Tenant.name, Tenant.id))}
    acme, startup = ids["Acme Corp"], ids["Tech Startup Inc"]
    with login(server, APPLICATION) as name, Session(engine(development.url, name)) as session:
        with tenant_context(session, acme, ALICE, key=key):
            assert set(session.scalars(select(Order.tenant_id))) == {acme}
            assert set(session.scalars(text("SELECT name FROM tenants"))) == {"Acme Corp"}
        with tenant_context(session, startup, BOB, key=key):
            assert set(session.scalars(select(Order.tenant_id))) == {startup}
        # a token for a tenant in which she is nobody shows her nobody, and lets her change nothing
        with tenant_context(session, startup, ALICE, key=key):
            assert session.scalar(text("SELECT get_current_tenant_role()")) is None


def test_refused_a_second_time(development: Development) -> None:
    for force in (False, True):
        with pytest.raises(TenantryError, match="the development data are there already; nothing was changed"):
            seed(settings_for(development.url), Size.SMALL, force=force)


def test_refused_where_others_work_unless_forced(migrated_database: URL) -> None:
    with engine(migrated_database).begin() as connection:
        connection.execute(text("INSERT INTO tenants (name, slug) VALUES ('Customer', 'customer')"))
    for _ in range(2):
        with pytest.raises(TenantryError, match=r"has 1 tenant already, .*; nothing was changed; --force adds"):
            seed(settings_for(migrated_database), Size.SMALL)
    assert seed(settings_for(migrated_database), Size.SMALL, force=True).tenants == TENANTS[Size.SMALL]
    with engine(migrated_database).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tenants")) == TENANTS[Size.SMALL] + 2


def test_refused_without_tables(server: Server) -> None:
    with fresh_database(server) as url, pytest.raises(TenantryError, match="run `tenantry upgrade` first"):
        seed(settings_for(url), Size.SMALL)


def test_the_command_says_what_it_did(project: Project, migrated_database: URL) -> None:
    project.use(migrated_database)
    finished = project.run("tenantry", "seed", "--size", "small")
    assert finished.succeeded().startswith("5 tenants, ")
    assert finished.succeeded().endswith(" rows a second\n")
    # no bar where nobody watches
    assert finished.err == ""
    assert project.run("tenantry", "seed").failure == "the development data are there already; nothing was changed"
