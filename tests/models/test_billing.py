"""Plans, usage and credit: every figure is the sum of rows that stay."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import refused
from tests.models.platform import (
    AT_ONCE,
    INSUFFICIENT_PRIVILEGE,
    Platform,
    Tenancy,
    at_once,
    insert,
    platform_at,
)

from tenantry.models import DEFAULT_TENANT_ID

platform = pytest.fixture(scope="module")(platform_at)


def credit(connection: Connection, amount: int, kind: str, **arguments: Any) -> dict[str, Any]:
    given = "".join(f", p_{name} => :{name}" for name in arguments)
    statement = text(f"SELECT adjust_credits(:amount, :kind{given})")
    found: dict[str, Any] = connection.execute(statement, {"amount": amount, "kind": kind, **arguments}).scalar_one()
    return found


def balance(platform: Platform, tenant: Tenancy) -> int:
    """The account's, which has to be the sum of what was posted and what the last entry says."""
    account, posted, last = platform.one(
        """
        SELECT
            (SELECT balance_credits FROM billing_accounts WHERE tenant_id = :tenant),
            (SELECT sum(amount) FROM credit_transactions WHERE tenant_id = :tenant),
            (SELECT balance_after FROM credit_transactions WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1)
        """,
        tenant=tenant.id,
    )
    assert account == posted == last
    return int(account)


def new_event(platform: Platform, tenant: Tenancy, **columns: Any) -> uuid.UUID:
    event = uuid.uuid4()
    with platform.acting(tenant) as connection:
        insert(connection, "usage_events", id=event, **columns)
    return event


# Subscriptions.


@pytest.mark.parametrize(("status", "expected"), [("active", "active"), ("trial", "trialing")])
def test_a_new_tenant_is_subscribed_to_its_plan(platform: Platform, status: str, expected: str) -> None:
    tenant = uuid.uuid4()
    with platform.superuser.begin() as connection:
        insert(
            connection, "tenants", id=tenant, slug=tenant.hex, name="New", plan="pro", status=status,
            trial_ends_at="2030-01-01T00:00:00Z",
        )  # fmt: skip
    found = platform.one(
        "SELECT user_id, plan, status, current_period_end IS NOT NULL FROM subscriptions WHERE tenant_id = :tenant",
        tenant=tenant,
    )
    assert found == (None, "pro", expected, status == "trial")


def test_the_default_tenant_is_subscribed(platform: Platform) -> None:
    found = platform.one("SELECT plan, status FROM subscriptions WHERE tenant_id = :tenant", tenant=DEFAULT_TENANT_ID)
    assert found == ("enterprise", "active")


def test_a_tenant_has_the_plan_that_it_is_subscribed_to(platform: Platform) -> None:
    tenant = platform.new_tenant()
    for plan, status, expected in (
        ("pro", "active", "pro"),
        ("enterprise", "past_due", "enterprise"),
        ("enterprise", "canceled", "free"),
        ("starter", "trialing", "starter"),
    ):
        with platform.operating() as connection:
            connection.execute(
                text("UPDATE subscriptions SET plan = :plan, status = :status WHERE tenant_id = :tenant"),
                {"plan": plan, "status": status, "tenant": tenant.id},
            )
        assert platform.value("SELECT plan FROM tenants WHERE id = :tenant", tenant=tenant.id) == expected


def test_a_members_own_subscription_is_not_the_tenants(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating() as connection:
        insert(connection, "subscriptions", tenant_id=tenant.id, user_id=tenant.owner, plan="enterprise")
    assert platform.value("SELECT plan FROM tenants WHERE id = :tenant", tenant=tenant.id) == "free"
    with refused("23505"), platform.operating() as connection:
        insert(connection, "subscriptions", tenant_id=tenant.id, plan="pro")


def test_a_tenant_does_not_subscribe_itself(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("UPDATE subscriptions SET plan = 'enterprise'"))


# Usage.


def test_usage_is_counted_exactly_at_the_same_instant(platform: Platform) -> None:
    tenant = platform.new_tenant()
    member = platform.new_member(tenant)

    def work(_: int) -> None:
        with platform.acting(tenant, member) as connection:
            for _ in range(3):
                insert(
                    connection, "usage_events",
                    tokens_input=7, tokens_output=3, audio_seconds="0.125", ocr_pages=2, cost_usd="0.000125",
                )  # fmt: skip

    assert at_once(work) == [None] * AT_ONCE
    calls = 3 * AT_ONCE
    month = platform.one(
        "SELECT usage_tokens_month, usage_audio_seconds_month * 8, usage_ocr_pages_month"
        " FROM billing_accounts WHERE tenant_id = :tenant",
        tenant=tenant.id,
    )
    assert month == (10 * calls, calls, 2 * calls)
    day = "SELECT user_id, api_costs * 8000, total_calls FROM user_usage_tracking WHERE tenant_id = :tenant"
    assert platform.one(day, tenant=tenant.id) == (member, calls, 0)


def test_a_month_begins_at_nothing_and_ends_when_the_next_begins(platform: Platform) -> None:
    tenant = platform.new_tenant()
    figures = "SELECT usage_month::text, usage_tokens_month FROM billing_accounts WHERE tenant_id = :tenant"
    for moment, tokens, expected in (
        ("2031-01-31T23:59:59Z", 5, ("2031-01-01", 5)),
        ("2031-01-02T00:00:00Z", 6, ("2031-01-01", 11)),
        ("2031-02-01T00:00:00Z", 7, ("2031-02-01", 7)),
        ("2031-01-31T23:00:00Z", 8, ("2031-02-01", 7)),
    ):
        new_event(platform, tenant, created_at=moment, tokens_input=tokens)
        assert platform.one(figures, tenant=tenant.id) == expected


def test_a_statement_may_bring_usage_of_many_tenants_and_months(platform: Platform) -> None:
    tenants = [platform.new_tenant() for _ in range(2)]
    with platform.operating() as connection:
        connection.execute(
            text(
                """
                INSERT INTO usage_events (tenant_id, created_at, tokens_input)
                SELECT tenant, make_date(2032, month, 1), 10 ^ month
                FROM unnest(CAST(:tenants AS uuid[])) AS tenant, generate_series(1, 3) AS month, generate_series(1, 2)
                """
            ),
            {"tenants": [tenant.id for tenant in tenants]},
        )
    for tenant in tenants:
        figures = "SELECT usage_month::text, usage_tokens_month FROM billing_accounts WHERE tenant_id = :tenant"
        assert platform.one(figures, tenant=tenant.id) == ("2032-03-01", 2000)


def test_a_member_uses_nothing_in_the_name_of_others(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant, platform.new_member(tenant)) as connection:
        insert(connection, "usage_events", user_id=tenant.owner, cost_usd=1)


def test_what_was_used_is_never_changed(platform: Platform) -> None:
    tenant = platform.new_tenant()
    new_event(platform, tenant)
    for statement in ("UPDATE usage_events SET cost_usd = 0", "DELETE FROM usage_events"):
        for engine in (platform.superadmin, platform.superuser):
            with refused(INSUFFICIENT_PRIVILEGE), engine.begin() as connection:
                connection.execute(text(statement))


# Credit.


def test_credit_is_bought_from_the_platform_and_used_by_members(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        entry = credit(connection, 100, "purchase", money_amount=25, posting_key="pi_1", description="Starter pack")
        assert (entry["amount"], entry["balance_after"]) == (100, 100)
    with platform.acting(tenant, platform.new_member(tenant)) as connection:
        assert credit(connection, 30, "usage")["balance_after"] == 70
    with platform.operating(tenant) as connection:
        credit(connection, 5, "refund")
        credit(connection, -15, "adjustment")
    assert balance(platform, tenant) == 60
    money = "SELECT balance_amount FROM billing_accounts WHERE tenant_id = :tenant"
    assert platform.value(money, tenant=tenant.id) == 25


@pytest.mark.parametrize("kind", ["purchase", "refund", "bonus", "adjustment"])
def test_a_tenant_gives_itself_no_credit(platform: Platform, kind: str) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        credit(connection, 1, kind)
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        credit(connection, 1, "usage", money_amount=1)


def test_a_viewer_charges_nothing(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant, platform.new_member(tenant, "viewer")) as connection:
        credit(connection, 1, "usage")


@pytest.mark.parametrize(("amount", "kind"), [(0, "usage"), (-1, "purchase"), (0, "adjustment"), (1, "gift")])
def test_amounts_make_sense(platform: Platform, amount: int, kind: str) -> None:
    with refused("22023"), platform.operating(platform.new_tenant()) as connection:
        credit(connection, amount, kind)


def test_credit_is_never_below_zero(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        credit(connection, 10, "bonus")
    with refused("TC001", "10 available, 11 requested"), platform.acting(tenant) as connection:
        credit(connection, 11, "usage")
    assert balance(platform, tenant) == 10


def test_what_is_posted_twice_is_posted_once(platform: Platform) -> None:
    tenant = platform.new_tenant()
    event = new_event(platform, tenant)

    def buy(_: int) -> Any:
        with platform.operating(tenant) as connection:
            return credit(connection, 50, "purchase", posting_key="pi_2")["id"]

    def charge(_: int) -> Any:
        with platform.acting(tenant) as connection:
            return credit(connection, 20, "usage", usage_event_id=event)["id"]

    assert len(set(at_once(buy))) == 1
    assert len(set(at_once(charge))) == 1
    assert balance(platform, tenant) == 30


@pytest.mark.parametrize(
    ("amount", "kind", "options"),
    [
        (51, "purchase", {}),
        (50, "bonus", {}),
        (50, "purchase", {"money_amount": 1}),
        (50, "purchase", {"description": "another"}),
        (50, "purchase", {"metadata": '{"a": 1}'}),
    ],
)
def test_the_same_key_with_something_else_is_an_error(
    platform: Platform, amount: int, kind: str, options: dict[str, Any]
) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        first = credit(connection, 50, "purchase", posting_key="pi_3")
        assert credit(connection, 50, "purchase", posting_key="pi_3") == first
        with refused("TC002", "pi_3"), connection.begin_nested():
            credit(connection, amount, kind, posting_key="pi_3", **options)
    assert balance(platform, tenant) == 50


FORGED = (
    "INSERT INTO credit_transactions (tenant_id, billing_account_id, type, amount, entry_number, balance_after,"
    " balance_amount_after) SELECT tenant_id, id, 'bonus', 1, {} FROM billing_accounts WHERE tenant_id = :tenant"
)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE billing_accounts SET balance_credits = balance_credits + 1 WHERE tenant_id = :tenant",
        "UPDATE billing_accounts SET balance_amount = 1 WHERE tenant_id = :tenant",
        "UPDATE billing_accounts SET entry_number = 1, balance_credits = 10 WHERE tenant_id = :tenant",
        "UPDATE billing_accounts SET entry_number = entry_number + 1 WHERE tenant_id = :tenant",
        "INSERT INTO billing_accounts (tenant_id, balance_credits) VALUES (:tenant, 1)",
        *(FORGED.format(figures) for figures in ("0, 16, 0", "4, 16, 0", "3, 17, 0", "3, 16, 1")),
    ],
)
def test_an_account_and_its_transactions_change_together_or_not_at_all(platform: Platform, change: str) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        for amount in (10, 5):
            credit(connection, amount, "bonus")
    with platform.superuser.connect() as connection:
        with refused("TC007"), connection.begin_nested():
            connection.execute(text(change), {"tenant": tenant.id})
        connection.execute(text(FORGED.format("3, 16, 0")), {"tenant": tenant.id})
        found = text("SELECT balance_credits FROM billing_accounts WHERE tenant_id = :tenant")
        assert connection.execute(found, {"tenant": tenant.id}).scalar_one() == 16


def test_an_account_that_was_tampered_with_is_found(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        credit(connection, 10, "purchase", money_amount=2)
    query = text("SELECT balance_credits, credits_in_ledger FROM verify_credit_ledger(:tenant)")
    with platform.superuser.connect() as connection:
        assert connection.execute(query, {"tenant": None}).all() == []
        # what only a superuser does: every trigger is off
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text("UPDATE billing_accounts SET balance_credits = 11 WHERE tenant_id = :tenant"), {"tenant": tenant.id}
        )
        assert connection.execute(query, {"tenant": tenant.id}).all() == [(11, 10)]


def test_charges_at_the_same_instant_are_exact(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        credit(connection, 25, "purchase")

    def work(_: int) -> None:
        with platform.acting(tenant) as connection:
            credit(connection, 2, "usage")

    results = at_once(work)
    assert (results.count(None), results.count("TC001")) == (12, AT_ONCE - 12)
    assert balance(platform, tenant) == 1


def test_nothing_is_charged_to_a_suspended_account(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.operating(tenant) as connection:
        credit(connection, 5, "bonus")
        connection.execute(text("SELECT set_billing_state('suspended')"))
    with refused("TC003", "suspended"), platform.acting(tenant) as connection:
        credit(connection, 1, "usage")


def test_admins_change_billing_details_and_nothing_else(platform: Platform) -> None:
    tenant = platform.new_tenant()
    change = text("SELECT set_billing_details(p_billing_email => 'bills@example.com')")
    with platform.acting(tenant, platform.new_member(tenant, "admin")) as connection:
        connection.execute(change)
        assert (
            connection.execute(text("SELECT billing_email FROM billing_accounts")).scalar_one() == "bills@example.com"
        )
    with platform.acting(tenant, platform.new_member(tenant)) as connection:
        assert connection.execute(text("SELECT count(*) FROM billing_accounts")).scalar_one() == 0
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant, platform.new_member(tenant)) as connection:
        connection.execute(change)
    for statement in ("UPDATE billing_accounts SET balance_credits = 1", "SELECT set_billing_state('active')"):
        with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
            connection.execute(text(statement))
