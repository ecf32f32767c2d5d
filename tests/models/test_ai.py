"""Agents and their limit, runs and their usage, engines and who they are assigned to."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, text
from tests.models.conftest import refused
from tests.models.platform import (
    AT_ONCE,
    CHECK_VIOLATION,
    INSUFFICIENT_PRIVILEGE,
    Platform,
    Tenancy,
    at_once,
    insert,
    platform_at,
)

platform = pytest.fixture(scope="module")(platform_at)

LIMIT = 5


def new_agent(connection: Connection, **columns: Any) -> uuid.UUID:
    agent = uuid.uuid4()
    insert(connection, "agents", id=agent, name="A", type="INBOUND", use_case="calls", description="", **columns)
    return agent


def new_run(connection: Connection, **columns: Any) -> uuid.UUID:
    run = uuid.uuid4()
    insert(connection, "agent_runs", id=run, run_number=run.hex, type="PHONE_CALL", **columns)
    return run


def held(platform: Platform, user: uuid.UUID) -> int:
    return int(platform.value("SELECT count(*) FROM agents WHERE user_id = :user", user=user))


def usage(platform: Platform, tenant: Tenancy, user: uuid.UUID) -> list[tuple[Any, ...]]:
    with platform.superuser.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT date::text, total_calls, total_duration_seconds, total_tokens FROM user_usage_tracking"
                " WHERE tenant_id = :tenant AND user_id = :user ORDER BY date"
            ),
            {"tenant": tenant.id, "user": user},
        )
        return [tuple(row) for row in rows]


# The agent limit.


def test_the_limit_is_exact_at_the_same_instant_and_across_tenants(platform: Platform) -> None:
    tenants = [platform.new_tenant() for _ in range(2)]
    user = platform.new_user(max_agents=LIMIT)
    for tenant in tenants:
        platform.join(tenant, user)

    def work(number: int) -> None:
        with platform.acting(tenants[number % 2], user) as connection:
            new_agent(connection)

    results = at_once(work)
    assert (results.count(None), results.count(CHECK_VIOLATION)) == (LIMIT, AT_ONCE - LIMIT)
    assert held(platform, user) == LIMIT


def test_one_statement_gets_no_further(platform: Platform) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant, max_agents=2)
    many = text(
        "INSERT INTO agents (name, type, use_case, description)"
        " SELECT 'A', 'INBOUND', 'calls', '' FROM generate_series(1, 3)"
    )
    with refused(CHECK_VIOLATION, "2 agents"), platform.acting(tenant, user) as connection:
        connection.execute(many)
    assert held(platform, user) == 0


def test_an_agent_that_goes_makes_room(platform: Platform) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant, max_agents=1)
    with platform.acting(tenant, user) as connection:
        new_agent(connection)
        connection.execute(text("UPDATE agents SET name = 'B'"))
        connection.execute(text("DELETE FROM agents"))
        new_agent(connection)
    with refused(CHECK_VIOLATION), platform.acting(tenant, user) as connection:
        new_agent(connection)


def test_an_agent_is_not_handed_to_whoever_has_enough(platform: Platform) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant, max_agents=0)
    with platform.acting(tenant) as connection:
        agent = new_agent(connection)
    with refused(CHECK_VIOLATION), platform.superuser.begin() as connection:
        connection.execute(text("UPDATE agents SET user_id = :user WHERE id = :agent"), {"user": user, "agent": agent})


def test_an_older_snapshot_makes_no_agent(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with refused("0A000"), platform.application.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            connection.execute(
                text("SELECT set_config('tenantry.context', :token, true)"),
                {"token": platform.key.token(tenant.id, tenant.owner)},
            )
            new_agent(connection)


# Runs.


def test_a_run_is_counted_once_however_often_it_completes(platform: Platform) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant)
    with platform.acting(tenant, user) as connection:
        run = new_run(connection)
    complete = text(
        "UPDATE agent_runs SET status = 'completed', duration_seconds = 60, dograh_tokens = 7 WHERE id = :id"
    )

    def work(_: int) -> None:
        with platform.acting(tenant, user) as connection:
            connection.execute(complete, {"id": run})

    assert at_once(work) == [None] * AT_ONCE
    with platform.acting(tenant, user) as connection:
        connection.execute(text("UPDATE agent_runs SET status = 'failed' WHERE id = :id"), {"id": run})
        connection.execute(complete, {"id": run})
        connection.execute(text("UPDATE agent_runs SET dograh_tokens = 9 WHERE id = :id"), {"id": run})
    today = platform.value("SELECT (now() AT TIME ZONE 'UTC')::date::text")
    assert usage(platform, tenant, user) == [(today, 1, 60, 7)]


def test_runs_that_complete_at_the_same_instant_all_count(platform: Platform) -> None:
    tenant = platform.new_tenant()
    user = platform.new_member(tenant)

    def work(_: int) -> None:
        with platform.acting(tenant, user) as connection:
            new_run(connection, status="completed", duration_seconds=2, dograh_tokens=3)

    assert at_once(work) == [None] * AT_ONCE
    ((_, *totals),) = usage(platform, tenant, user)
    assert totals == [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE]


def test_a_run_counts_on_the_day_it_completed(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        for moment in ("2030-05-01T23:59:59Z", "2030-05-02T01:00:00+02:00", "2030-05-02T02:00:00+02:00"):
            new_run(connection, status="completed", completed_at=moment, duration_seconds=1)
        new_run(connection, status="failed", duration_seconds=100)
    assert usage(platform, tenant, tenant.owner) == [("2030-05-01", 2, 2, 0), ("2030-05-02", 1, 1, 0)]


def test_a_run_that_is_there_already_does_not_count_again(platform: Platform) -> None:
    tenant = platform.new_tenant()
    again = text(
        "INSERT INTO agent_runs (run_number, type, status) VALUES ('R-1', 'WEB_CALL', 'completed')"
        " ON CONFLICT (tenant_id, run_number) DO NOTHING"
    )
    with platform.acting(tenant) as connection:
        connection.execute(again)
        connection.execute(again)
    ((_, calls, *_),) = usage(platform, tenant, tenant.owner)
    assert calls == 1


def test_the_mark_is_the_databases(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        run = new_run(connection, status="completed")
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("UPDATE agent_runs SET counted_at = NULL"))
    with platform.operating() as connection:
        connection.execute(text("UPDATE agent_runs SET counted_at = NULL WHERE id = :id"), {"id": run})
    assert platform.value("SELECT counted_at IS NOT NULL FROM agent_runs WHERE id = :id", id=run)
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("UPDATE user_usage_tracking SET total_calls = 0"))


def test_an_agent_knows_how_often_it_ran(platform: Platform) -> None:
    tenant = platform.new_tenant()
    member = platform.new_member(tenant)
    with platform.acting(tenant) as connection:
        agent = new_agent(connection)

    def work(number: int) -> None:
        with platform.acting(tenant, member if number % 2 else None) as connection:
            new_run(connection, agent_id=agent)

    assert at_once(work) == [None] * AT_ONCE
    assert platform.value("SELECT total_runs FROM agents WHERE id = :id", id=agent) == AT_ONCE


# Engines and models.


@pytest.mark.parametrize(
    ("kind", "assignee", "allowed"),
    [
        ("tier", {"tier": "free"}, True),
        ("tier", {}, False),
        ("user", {"tier": "free"}, False),
        ("user", {"user_id": "owner", "tier": "free"}, False),
        ("user", {"user_id": "owner"}, True),
    ],
)
def test_an_engine_is_assigned_to_what_the_type_says(
    platform: Platform, kind: str, assignee: dict[str, Any], allowed: bool
) -> None:
    tenant = platform.new_tenant()
    values = {name: tenant.owner if value == "owner" else value for name, value in assignee.items()}
    engine = uuid.uuid4()
    with platform.acting(tenant) as connection:
        insert(connection, "ai_engines", id=engine, name="E")
        if allowed:
            insert(connection, "engine_assignments", engine_id=engine, assignment_type=kind, **values)
            return
        with refused(CHECK_VIOLATION), connection.begin_nested():
            insert(connection, "engine_assignments", engine_id=engine, assignment_type=kind, **values)


def test_models_are_known_to_everybody_and_changed_by_the_platform(platform: Platform) -> None:
    tenant = platform.new_tenant()
    with platform.acting(tenant) as connection:
        models = connection.execute(text("SELECT count(*) FROM ai_models JOIN ai_providers p ON p.id = provider_id"))
        assert models.scalar_one() > 0
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant) as connection:
        connection.execute(text("UPDATE ai_models SET input_cost_per_1k = 0"))
