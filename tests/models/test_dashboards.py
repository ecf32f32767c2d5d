"""The dashboards show each member what row security shows him, and figures that are true."""

import uuid

import pytest
from sqlalchemy import Connection, text
from tests.models.platform import Platform, insert, platform_at

platform = pytest.fixture(scope="module")(platform_at)


def shown(connection: Connection, view: str) -> set[uuid.UUID]:
    return set(connection.execute(text(f"SELECT user_id FROM {view}")).scalars())


@pytest.mark.parametrize("view", ["user_statistics", "current_month_usage"])
def test_members_see_themselves_and_admins_everybody(platform: Platform, view: str) -> None:
    tenant, other = platform.new_tenant(), platform.new_tenant()
    member = platform.new_member(tenant)
    with platform.acting(tenant, member) as connection:
        assert shown(connection, view) == {member}
    with platform.acting(tenant) as connection:
        assert shown(connection, view) == {tenant.owner, member}
    with platform.operating() as connection:
        assert shown(connection, view) >= {tenant.owner, member, other.owner}
    with platform.application.begin() as connection:
        assert not shown(connection, view)


def test_the_figures_are_those_of_the_runs(platform: Platform) -> None:
    tenant = platform.new_tenant(plan="pro")
    member = platform.new_member(tenant, monthly_token_quota=200, max_agents=3)
    with platform.acting(tenant, member) as connection:
        insert(connection, "agents", name="A", type="OUTBOUND", use_case="calls", description="")
        for number, (status, moment, tokens) in enumerate(
            [
                ("completed", None, 50),
                ("completed", "2001-01-01T00:00:00Z", 1000),
                ("failed", None, 7),
                ("in_progress", None, 0),
            ]
        ):
            insert(
                connection, "agent_runs",
                run_number=str(number), type="WEB_CALL", status=status, completed_at=moment, dograh_tokens=tokens,
                duration_seconds=10,
            )  # fmt: skip
        insert(connection, "usage_events", cost_usd="0.25")
        month = connection.execute(
            text(
                "SELECT total_calls, total_duration_seconds, total_tokens, tokens_remaining, percent_used,"
                " is_exhausted, api_costs FROM current_month_usage"
            )
        ).one()
    assert [float(value) for value in month] == [1, 10, 50, 150, 25, 0, 0.25]
    with platform.acting(tenant) as connection:
        statistics = connection.execute(
            text(
                """
                SELECT max_agents, total_agents, total_runs, completed_runs, failed_runs, total_calls, total_tokens,
                    tokens_this_month, total_duration_seconds, subscription_plan, tenant_role
                FROM user_statistics WHERE user_id = :user
                """
            ),
            {"user": member},
        ).one()
    assert statistics == (3, 1, 4, 2, 1, 2, 1050, 50, 20, "pro", "member")


def test_a_quota_of_nothing_is_used_up(platform: Platform) -> None:
    tenant = platform.new_tenant()
    member = platform.new_member(tenant, monthly_token_quota=0)
    with platform.acting(tenant, member) as connection:
        found = connection.execute(text("SELECT percent_used, is_exhausted FROM current_month_usage")).one()
    assert found == (None, True)
