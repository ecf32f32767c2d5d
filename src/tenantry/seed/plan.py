"""How many rows each table gets, and where their making is registered that is particular."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tenantry.seed.company import Afterthought, Company, Recipe
from tenantry.seed.values import Row

RECIPES: Final[dict[str, Recipe]] = {}
AFTERTHOUGHTS: Final[dict[str, Afterthought]] = {}

#: rows of a tenant, where it is not the usual handful
_USUAL_COUNT: Final = 2
_COUNTS: Final = {
    "agent_executions": 6,
    "admin_audit_logs": 1,
    "crm_personal_keys": 18,
    "engine_executions": 8,
    "knowledge_base": 5,
    "level_feature_usage": 8,
    "logs_human": 10,
    "logs_system": 10,
    "logs_webhook": 6,
    "mkt_utm_links": 4,
    "notes": 8,
    "product_attributes": 6,
    "projects": 3,
    "schedule_preferences": 4,
    "system_metrics": 1,
    "task_activities": 12,
    "voice_transcriptions": 5,
    "workflow_executions": 12,
}


@dataclass(frozen=True)
class Each:
    """Rows that every row of another table has, so many at least and at most."""

    parent: str
    column: str
    least: int
    most: int


_EACH: Final = {
    "bill_of_materials": Each("products", "product_id", 0, 2),
    "bmad_workflows": Each("orchestrator_state", "orchestrator_state_id", 1, 3),
    "channels_platform_pages": Each("channels_platforms", "platform_id", 1, 2),
    "crm_personal_addresses": Each("crm_personal_keys", "personal_key_id", 1, 1),
    "crm_personal_journey": Each("crm_personal_keys", "personal_key_id", 0, 1),
    "crm_personal_profile": Each("crm_personal_keys", "personal_key_id", 1, 1),
    "material_variants": Each("materials", "material_id", 1, 2),
    "milestones": Each("projects", "project_id", 1, 3),
    "mkt_campaign_activities": Each("mkt_campaigns", "campaign_id", 2, 3),
    "mkt_campaign_goals": Each("mkt_campaigns", "campaign_id", 1, 2),
    "omnichannel_contacts": Each("crm_personal_keys", "personal_key_id", 0, 1),
    "omnichannel_conversations": Each("omnichannel_contacts", "contact_id", 1, 1),
    "order_images": Each("orders", "order_id", 0, 1),
    "order_meta_crm": Each("orders", "order_id", 0, 1),
    "orders_meta": Each("orders", "order_id", 0, 1),
    "product_attribute_values": Each("products", "product_id", 1, 2),
    "product_category_links": Each("products", "product_id", 1, 1),
    "product_images": Each("products", "product_id", 1, 1),
    "product_reviews": Each("products", "product_id", 0, 2),
    "product_tags": Each("products", "product_id", 0, 2),
    "schedule_revision_details": Each("schedule_revisions", "revision_id", 1, 2),
    "sms_conversations": Each("sms_contacts", "contact_id", 1, 1),
    "task_comments": Each("tasks", "task_id", 0, 2),
    "task_watchers": Each("tasks", "task_id", 0, 1),
}


def recipe(*tables: str) -> Callable[[Recipe], Recipe]:
    """Register what makes the rows of tables."""

    def register(function: Recipe) -> Recipe:
        RECIPES.update(dict.fromkeys(tables, function))
        return function

    return register


def afterwards(table: str) -> Callable[[Afterthought], Afterthought]:
    """Register what follows once the rows of a table are there."""

    def register(function: Afterthought) -> Afterthought:
        AFTERTHOUGHTS[table] = function
        return function

    return register


def recipe_of(table: str) -> Recipe:
    """What makes the rows of a table: what is registered, or so many rows that nothing is particular about."""
    registered = RECIPES.get(table)
    if registered is not None:
        return registered
    each = _EACH.get(table)
    if each is not None:
        return lambda company: for_each(company, each)
    return lambda _: [{} for _ in range(_COUNTS.get(table, _USUAL_COUNT))]


def for_each(company: Company, each: Each) -> Iterator[Row]:
    """Rows after the one they belong to."""
    for parent in company.rows[each.parent]:
        for _ in range(company.rng.randint(each.least, each.most)):
            yield {each.column: parent["id"], "created_at": company.since(parent["created_at"])}
