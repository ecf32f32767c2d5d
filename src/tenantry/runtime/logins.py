"""Which logins may connect for requests: those alone that row security binds to one tenant."""

from typing import Any

from tenantry.errors import TenantryError
from tenantry.settings import Settings

_FACTS = """
SELECT r.rolname::text, r.rolsuper, r.rolbypassrls,
       NOT EXISTS (SELECT FROM pg_roles m WHERE m.rolname = %(role)s AND pg_has_role(r.oid, m.oid, 'MEMBER')),
       (SELECT m.rolname::text FROM pg_roles m
        WHERE m.rolname = ANY(%(others)s) AND pg_has_role(r.oid, m.oid, 'MEMBER') LIMIT 1),
       (SELECT c.oid::regclass::text FROM pg_class c
        WHERE c.relrowsecurity AND NOT c.relforcerowsecurity AND pg_has_role(r.oid, c.relowner, 'USAGE') LIMIT 1)
FROM pg_roles r WHERE r.rolname = coalesce(%(login)s, session_user)
"""


class LoginRefusedError(TenantryError):
    """The login may not do what it is to be used for, or far more."""


def check_login(cursor: Any, role: str, settings: Settings, name: str | None = None) -> None:
    """Refuse a login that is no member of the role, or that row security would not bind.

    :param cursor: a cursor of the driver.
    :param role: the role that transactions are to run as.
    :param name: the login; that of the cursor unless given.
    :raises LoginRefusedError: with the reason, and what helps.
    """
    roles = {settings.app_role, settings.superadmin_role, settings.owner_role}
    cursor.execute(_FACTS, {"role": role, "others": sorted(roles - {role}), "login": name})
    login, is_superuser, bypasses, is_stranger, other, owned = cursor.fetchone()
    reasons = (
        (is_superuser, "is a superuser, whom row security does not bind"),
        (bypasses, "has BYPASSRLS, so that row security does not bind it"),
        (is_stranger, f"is no member of {role}"),
        (other, f"is a member of {other} as well, to which injected SQL could SET ROLE"),
        (owned, f"owns {owned} without FORCE ROW LEVEL SECURITY, so that row security does not bind it there"),
    )
    for holds, reason in reasons:
        if holds:
            raise LoginRefusedError(f"login {login} {reason}: use one that is a member of {role} alone")
