"""What a dashboard shows of each member: everything at a glance, and this month's use against the quota.

Views run as whoever asks, so they hold what row security shows him: members see themselves, owners and admins all.
"""

from typing import Final

from tenantry.ddl import Grant, View
from tenantry.models.base import Base
from tenantry.models.context import EVERYBODY
from tenantry.models.routines import sql

_VIEWS: Final = {
    "user_statistics": "Everything about a member of a tenant: account, agents, runs, usage, subscription.",
    "current_month_usage": "What a member has used this month (UTC) in a tenant, against his monthly quota.",
}

for _name, _comment in _VIEWS.items():
    Grant(
        "select",
        to=EVERYBODY,
        on=View(_name, sql(_name), comment=_comment, metadata=Base.metadata),
        metadata=Base.metadata,
    )
