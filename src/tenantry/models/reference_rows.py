"""What the tables hold from the first day on: the default tenant with its levels, permissions, an operator."""

from typing import Any, Final
from uuid import UUID

from tenantry.ddl import Rows
from tenantry.models.identity import Permission, SuperadminUser, Tenant
from tenantry.models.levels import Level
from tenantry.models.tokens import LevelTokenPolicy

#: the tenant that rows from before there were tenants belong to
DEFAULT_TENANT_ID: Final = UUID(int=0)

Rows(Tenant, [{"id": str(DEFAULT_TENANT_ID), "name": "Default", "slug": "default", "plan": "enterprise"}])

# name, monthly allocation (None: the base allocation, once), base allocation, rollover percent, cap
_LEVELS: Final = (
    ("free", None, 1_000, 0, None),
    ("basic", 10_000, 0, 0, 10_000),
    ("premium", 100_000, 0, 25, 125_000),
    ("enterprise", 1_000_000, 0, 50, 1_500_000),
)


def _level(number: int, name: str) -> dict[str, Any]:
    return {
        "tenant_id": str(DEFAULT_TENANT_ID),
        "id": str(UUID(int=number)),
        "name": name.capitalize(),
        "slug": name,
        "tier": name,
        "priority": number,
    }


def _token_policy(number: int, monthly: int | None, base: int, rollover: int, cap: int | None) -> dict[str, Any]:
    return {
        "tenant_id": str(DEFAULT_TENANT_ID),
        "id": str(UUID(int=number)),
        "level_id": str(UUID(int=number)),
        "allocation_mode": "lifetime" if monthly is None else "monthly",
        "base_allocation": base,
        "monthly_allocation": monthly,
        "monthly_cap": cap,
        "rollover_percent": rollover,
        "priority_weight": number,
    }


Rows(Level, [_level(number, name) for number, (name, *_) in enumerate(_LEVELS, start=1)])
Rows(
    LevelTokenPolicy,
    [
        _token_policy(number, monthly, base, rollover, cap)
        for number, (_, monthly, base, rollover, cap) in enumerate(_LEVELS, start=1)
    ],
)

Rows(
    SuperadminUser,
    [
        {
            "id": str(UUID(int=1)),
            "username": "operator",
            "email": "operator@localhost",
            "password_hash": "!",
            "full_name": "Platform operator",
        }
    ],
)

_ACTIONS: Final = {
    "tenant": ("read", "update"),
    "members": ("read", "create", "update", "delete"),
    "roles": ("read", "create", "update", "delete"),
    "api_keys": ("read", "create", "update", "delete"),
    "levels": ("read", "create", "update", "delete"),
    "tokens": ("read", "credit", "adjust"),
    "workflows": ("read", "create", "update", "delete", "execute"),
}

Rows(
    Permission,
    [
        {
            "id": str(UUID(int=number)),
            "key": f"{resource}.{action}",
            "name": f"{action.capitalize()} {resource.replace('_', ' ')}",
            "resource": resource,
            "action": action,
        }
        for number, (resource, action) in enumerate(
            ((resource, action) for resource, actions in _ACTIONS.items() for action in actions), start=1
        )
    ],
)
