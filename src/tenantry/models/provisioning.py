"""Provisioning: one call makes a tenant that can be worked in.

What every tenant begins with is not in the function but in rows: it copies the levels and roles of the default tenant,
which the platform may change, and sets the flags whose definition says so.
"""

from typing import Any, Final
from uuid import UUID

from tenantry.ddl import Rows, declared
from tenantry.models.base import Base
from tenantry.models.identity import Permission, Role, RolePermission
from tenantry.models.reference_rows import DEFAULT_TENANT_ID
from tenantry.models.roles import SUPERADMIN
from tenantry.models.routines import function

# Roles of the default tenant, one for each role of a membership: name, and the actions it is permitted (None is all).
_ROLES: Final[dict[str, tuple[str, frozenset[str] | None]]] = {
    "owner": ("Owner", None),
    "admin": ("Admin", None),
    "member": ("Member", frozenset({"read", "create", "execute"})),
    "viewer": ("Viewer", frozenset({"read"})),
}
_RESERVED_FOR_OWNERS: Final = frozenset({"tenant.update"})


def _permissions() -> list[dict[str, Any]]:
    return [row for rows in declared(Base.metadata, Rows) if rows.table is Permission.__table__ for row in rows.rows]


def _grants(role: str, permission: dict[str, Any]) -> bool:
    _, actions = _ROLES[role]
    return (actions is None or permission["action"] in actions) and (
        role == "owner" or permission["key"] not in _RESERVED_FOR_OWNERS
    )


_ROLE_IDS: Final = {key: str(UUID(int=number)) for number, key in enumerate(_ROLES, start=1)}

Rows(
    Role,
    [
        {
            "tenant_id": str(DEFAULT_TENANT_ID),
            "id": _ROLE_IDS[key],
            "key": key,
            "name": name,
            "is_system": True,
            "is_default": key == "member",
            "priority": number,
        }
        for number, (key, (name, _)) in enumerate(_ROLES.items(), start=1)
    ],
)
Rows(
    RolePermission,
    [
        {"tenant_id": str(DEFAULT_TENANT_ID), "role_id": _ROLE_IDS[role], "permission_id": permission["id"]}
        for role in _ROLES
        for permission in _permissions()
        if _grants(role, permission)
    ],
    key=("tenant_id", "role_id", "permission_id"),
)

function(
    "provision_tenant",
    arguments="p_slug text, p_name text, p_owner_user_id uuid, p_plan text DEFAULT 'free',"
    " p_status text DEFAULT 'active', p_trial_ends_at timestamptz DEFAULT NULL, p_region text DEFAULT NULL,"
    " p_admin_email text DEFAULT NULL, p_is_personal boolean DEFAULT false, p_settings jsonb DEFAULT '{}',"
    " p_flags jsonb DEFAULT '{}'",
    returns="uuid",
    to=(SUPERADMIN,),
    language="plpgsql",
    comment="Makes a tenant with its owner, subscription, levels, token policies, roles and flags, and returns its id."
    " Called again with the same slug and owner, it changes nothing.",
)
function(
    "copy_template_levels",
    arguments="p_template_id uuid, p_tenant_id uuid",
    language="plpgsql",
    to=(SUPERADMIN,),
    comment="Copies levels to another tenant, with all that belongs to them.",
)
function(
    "copy_template_roles",
    arguments="p_template_id uuid, p_tenant_id uuid",
    language="plpgsql",
    to=(SUPERADMIN,),
    comment="Copies roles to another tenant, with their permissions.",
)
