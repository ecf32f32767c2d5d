"""Logs that every member writes, alerts of which one is open, notes that know their author."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text
from tests.models.conftest import refused
from tests.models.platform import (
    AT_ONCE,
    INSUFFICIENT_PRIVILEGE,
    UNIQUE_VIOLATION,
    Platform,
    at_once,
    insert,
    platform_at,
)

platform = pytest.fixture(scope="module")(platform_at)


@pytest.mark.parametrize(
    ("call", "table", "actor"),
    [
        ("log_system_event('job.done', 'orders', uuid7(), '{\"rows\": 1}', 'ok')", "logs_system", "user_id"),
        ("log_human_action('order.opened', p_ip_address => '192.0.2.1')", "logs_human", "actor_id"),
        ("log_webhook_call('/hooks/pay', 'payments', '{}', NULL, 200)", "logs_webhook", None),
    ],
)
def test_members_write_what_admins_read(platform: Platform, call: str, table: str, actor: str | None) -> None:
    tenant = platform.new_tenant()
    member = platform.new_member(tenant, "viewer")
    with platform.acting(tenant, member) as connection:
        entry = connection.execute(text(f"SELECT {call}")).scalar_one()
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    with platform.acting(tenant) as connection:
        found = connection.execute(text(f"SELECT {actor or 'NULL'} FROM {table} WHERE id = :id"), {"id": entry})
        assert found.scalar_one() == (member if actor else None)
    with refused(INSUFFICIENT_PRIVILEGE), platform.acting(tenant, platform.new_user()) as connection:
        connection.execute(text(f"SELECT {call}"))


def test_one_alert_of_a_kind_is_open(platform: Platform) -> None:
    tenant, entity, kind = platform.new_tenant(), uuid.uuid4(), uuid.uuid4()
    with platform.acting(tenant) as connection:
        insert(connection, "alert_keys", id=kind, key="late", alert_name="Late", severity="high")
    alert: dict[str, Any] = {"entity_type": "orders", "entity_id": entity, "alert_key_id": kind}

    def work(_: int) -> None:
        with platform.acting(tenant) as connection:
            insert(connection, "alerts", **alert)

    results = at_once(work)
    assert (results.count(None), results.count(UNIQUE_VIOLATION)) == (1, AT_ONCE - 1)
    with platform.acting(tenant) as connection:
        insert(connection, "alerts", **alert | {"entity_id": uuid.uuid4()})
        connection.execute(text("UPDATE alerts SET resolved_at = now()"))
        insert(connection, "alerts", **alert)


def test_an_alert_is_not_resolved_before_it_was_raised(platform: Platform) -> None:
    tenant, kind = platform.new_tenant(), uuid.uuid4()
    with refused("23514"), platform.acting(tenant) as connection:
        insert(connection, "alert_keys", id=kind, key="late", alert_name="Late", severity="low")
        insert(
            connection, "alerts",
            entity_type="orders", entity_id=uuid.uuid4(), alert_key_id=kind, resolved_at="2020-01-01T00:00:00Z",
        )  # fmt: skip


def test_a_note_knows_its_author(platform: Platform) -> None:
    tenant = platform.new_tenant()
    member = platform.new_member(tenant)
    with platform.acting(tenant, member) as connection:
        insert(connection, "notes", entity_type="orders", entity_id=uuid.uuid4(), content="Call back")
        assert connection.execute(text("SELECT created_by FROM notes")).scalar_one() == member
