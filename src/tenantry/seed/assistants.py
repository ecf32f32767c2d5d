"""Agents, engines and workflows: runs that agree with whoever started them."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from tenantry.seed.company import Company
from tenantry.seed.plan import recipe
from tenantry.seed.values import Row, as_json, phone

_WORKERS: Final = 4
_RUNS: Final = 20
_STEPS: Final = ("trigger", "prompt", "answer")


def _flow() -> Row:
    nodes = [{"id": number, "type": step} for number, step in enumerate(_STEPS)]
    links = [{"from": number, "to": number + 1} for number in range(len(_STEPS) - 1)]
    return {"nodes": as_json(nodes), "connections": as_json(links)}


@recipe("ai_workflows")
def _workflows(company: Company) -> Iterator[Row]:
    for name in ("Answer a question", "Summarise a call", "Qualify a lead", "Draft a reply"):
        yield {"name": name, "created_at": company.founded, **_flow()}


@recipe("workflow_templates")
def _templates(company: Company) -> Iterator[Row]:
    for name in ("Support", "Sales"):
        yield {"name": name, "created_at": company.founded, **_flow()}


@recipe("agents")
def _agents(company: Company) -> Iterator[Row]:
    """The founder's: how many each person may have is the database's to check."""
    for name, kind in (("Reception", "INBOUND"), ("Reminders", "OUTBOUND"), ("Surveys", "OUTBOUND")):
        yield {
            "user_id": company.owner(),
            "name": name,
            "type": kind,
            "total_runs": 0,
            "created_at": company.founded,
        }


@recipe("agent_runs")
def _agent_runs(company: Company) -> Iterator[Row]:
    for number in range(_RUNS):
        agent, at = company.pick("agents"), company.since(company.founded)
        status = company.rng.choice(("completed",) * 8 + ("failed", "in_progress"))
        seconds = company.rng.randint(20, 600)
        yield {
            "user_id": agent["user_id"],
            "agent_id": agent["id"],
            "run_number": f"R-{number + 1:05}",
            "phone_number": phone(company.rng),
            "status": status,
            "duration_seconds": seconds,
            "dograh_tokens": 10 * seconds,
            "completed_at": at + timedelta(seconds=seconds) if status == "completed" else None,
            "created_at": at,
        }


@recipe("engine_assignments")
def _engine_assignments(company: Company) -> Iterator[Row]:
    nobody = {"tier": None, "level_id": None, "user_id": None}
    for engine, tier in zip(company.rows["ai_engines"], ("free", "basic", "premium"), strict=False):
        yield {"engine_id": engine["id"], **nobody, "assignment_type": "tier", "tier": tier}


@recipe("user_engines")
def _user_engines(company: Company) -> Iterator[Row]:
    for member in company.rows["tenant_users"]:
        yield {
            "user_id": member["user_id"],
            "engine_id": company.pick("ai_engines")["id"],
            "name": "My engine",
            **dict.fromkeys(("api_key_hash", "api_key_prefix", "api_key_created_at")),
            "is_default": True,
        }


@recipe("level_upgrade_paths")
def _upgrade_paths(company: Company) -> Iterator[Row]:
    levels = company.rows["levels"]
    for lower, higher in pairwise(levels):
        yield {"from_level_id": lower["id"], "to_level_id": higher["id"], "created_at": company.founded}


@recipe("system_configurations")
def _configurations(company: Company) -> Iterator[Row]:
    for key, value in (("brand.color", "#3355aa"), ("support.hours", "09:00-17:00"), ("invoice.days", 30)):
        yield {"key": key, "value": as_json(value), "created_at": company.founded}


@recipe("worker_registry")
def _workers(company: Company) -> Iterator[Row]:
    """The platform's, not a tenant's."""
    if company.number == 0:
        for number in range(_WORKERS):
            yield {"worker_id": f"worker-{number + 1}", "worker_type": "general", "dedicated_tenant_id": None}


@recipe("worker_event_logs")
def _worker_events(company: Company) -> Iterator[Row]:
    worker = company.number % _WORKERS + 1
    yield {"worker_id": f"worker-{worker}", "event_type": "heartbeat", "concerned_tenant_id": company.tenant_id}
