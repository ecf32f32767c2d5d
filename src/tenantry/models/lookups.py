"""What an application asks before there is a context: each question has one answer, and none lets anybody enumerate.

Who logs in is known by his address alone, so that the application signs that it asks for it: SQL that somebody injects
cannot. A key's hash is known to nobody but who has the key. Tenants are those of the user of the signed context.
"""

from typing import Any, Final

from tenantry.models.roles import APPLICATION
from tenantry.models.routines import function

_LOOKS_UP: Final[dict[str, Any]] = {
    "language": "plpgsql", "volatility": "stable", "security": "definer", "to": (APPLICATION,),
}  # fmt: skip

function(
    "find_login",
    arguments="p_email text, p_proof text",
    returns="TABLE(user_id uuid, password_hash text)",
    **_LOOKS_UP,
    comment="The active person with this address, for a login; refused (28000) without l1.<kid>.<SHA-256 of it>."
    "<expiry>.<mac>, signed as contexts are.",
)
function(
    "find_api_key",
    arguments="p_key_hash text",
    returns="TABLE(api_key_id uuid, tenant_id uuid, user_id uuid)",
    **_LOOKS_UP,
    comment="The tenant and member that a valid API key acts for, by the SHA-256 of the key in hex.",
)
function(
    "get_my_tenants",
    returns="TABLE(tenant_id uuid, slug text, name text, role text)",
    **_LOOKS_UP,
    comment="The tenants of the user that the current context is signed for, whatever tenant it is signed for.",
)
