"""Who is asking: roles, the signed context, and the functions that policies and defaults call."""

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import CheckConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Role
from tenantry.models import scopes
from tenantry.models.base import Base
from tenantry.models.columns import ADDED
from tenantry.models.roles import APPLICATION, SUPERADMIN
from tenantry.models.routines import function
from tenantry.models.scopes import Scope

EVERYBODY: Final = (APPLICATION, SUPERADMIN)

Role(APPLICATION, comment="What requests run as: bound to one tenant by row security.", metadata=Base.metadata)
Role(SUPERADMIN, comment="Support and back office: sees all tenants.", metadata=Base.metadata)


# The two that every table uses, and the one that keeps ledgers honest.

function(
    "uuid7",
    to=EVERYBODY,
    returns="uuid",
    parallel="safe",
    comment="A UUID version 7 (RFC 9562): milliseconds, 12 bits of what is left of them, 62 random bits.",
)
function(
    "set_updated_at", returns="trigger", language="plpgsql", comment="Trigger: the row changed in this transaction."
)
function("refuse_change", returns="trigger", language="plpgsql", comment="Trigger: the table is append-only.")


# The context of a request is a token in the setting tenantry.context, v1.<kid>.<tenant>.<user>.<expiry>.<mac>, which
# the application signs with a key that no SQL of its role can read. Where a deployment wants plain contexts instead, it
# is the settings tenantry.tenant and tenantry.user, which whoever can run SQL can set.


class ContextKey(Base):
    """Keys that context tokens are signed with, as HMAC uses them; only functions of the owner read them."""

    __tablename__ = "context_keys"
    __scope__: ClassVar[Scope | None] = scopes.OWNER_ONLY

    kid: Mapped[str] = mapped_column(primary_key=True, comment="names the key in a token")
    inner_pad: Mapped[bytes] = mapped_column(comment="key xor ipad (RFC 2104)")
    outer_pad: Mapped[bytes] = mapped_column(comment="key xor opad")
    installed_at: Mapped[datetime] = mapped_column(
        server_default=func.clock_timestamp(), comment="the newest key signs what set_tenant() enters"
    )
    valid_until: Mapped[datetime | None] = mapped_column(
        sort_order=ADDED, comment="when tokens signed with it begin to be refused; NULL is not yet known"
    )

    __table_args__ = (
        CheckConstraint("kid ~ '^[0-9A-Za-z_-]+$'", name="kid"),
        CheckConstraint("length(inner_pad) = 64 AND length(outer_pad) = 64", name="pads"),
    )


READS_AS_OWNER: Final[dict[str, Any]] = {
    "language": "plpgsql", "volatility": "stable", "security": "definer", "parallel": "safe",
}  # fmt: skip
ANSWERS: Final[dict[str, Any]] = {"volatility": "stable", "parallel": "safe", "to": EVERYBODY}

function(
    "mask_context_key",
    returns="bytea",
    language="plpgsql",
    comment="What to XOR a key with, so that no statement, parameter or log holds it; for one key of this transaction.",
)
function(
    "install_context_key",
    arguments="p_kid text, p_masked_key bytea",
    language="plpgsql",
    comment="Lets tokens signed with this key in; the newest key signs what set_tenant() enters. The key comes as a"
    " block of HMAC-SHA256 (hashed if longer, then filled up with zeros to 64 bytes) XOR mask_context_key().",
)
function(
    "expire_context_keys",
    arguments="p_newest_kid text, p_overlap interval",
    language="plpgsql",
    comment="Refuses tokens signed with any key but this one, once the overlap is over.",
)
function(
    "remove_context_key",
    arguments="p_kid text",
    language="plpgsql",
    comment="Refuses tokens signed with this key from now on.",
)
function(
    "contexts_are_plain",
    returns="boolean",
    **ANSWERS,
    comment="Whether this deployment trusts tenantry.tenant and tenantry.user: each upgrade makes it say what"
    " TENANTRY_CONTEXT does.",
)
function(
    "context_signature",
    arguments="p_kid text, p_claims text",
    returns="text",
    **READS_AS_OWNER,
    comment="HMAC-SHA256 of a token's claims, in hex; NULL for a key that is unknown or no longer valid.",
)
function(
    "verified_context",
    returns="uuid[]",
    to=EVERYBODY,
    **READS_AS_OWNER,
    comment="Tenant and user of the current context; NULL without a token; an error (28000) for a bad one.",
)
function(
    "get_current_tenant",
    returns="uuid",
    **ANSWERS,
    comment="The tenant of the current context, or NULL.",
)
function("get_current_tenant_id", returns="uuid", **ANSWERS, comment="The tenant of the current context, or NULL.")
function(
    "get_current_user_id",
    returns="uuid",
    **ANSWERS,
    comment="The user of the current context, or NULL.",
)


# What the user may do in the tenant. Policies ask these in a sub-select, so that each is asked once a statement.

function(
    "get_current_tenant_role",
    returns="text",
    to=EVERYBODY,
    **READS_AS_OWNER,
    comment="owner, admin, member or viewer: the role of the current user in the current tenant; NULL is none.",
)
function("is_tenant_owner", returns="boolean", **ANSWERS, comment="Whether the current user owns the tenant.")
function(
    "is_tenant_admin",
    returns="boolean",
    **ANSWERS,
    comment="Whether the current user is an owner or admin of the tenant.",
)
function(
    "is_tenant_writer",
    returns="boolean",
    **ANSWERS,
    comment="Whether the current user is more than a viewer in the tenant.",
)
function(
    "get_known_user_ids",
    returns="uuid[]",
    to=EVERYBODY,
    **READS_AS_OWNER,
    comment="The current user and the members of the current tenant.",
)


# The superadmin is a role, not a variable: who may execute enable_superadmin_mode() is one. He sees what everybody sees
# until an entry of admin_audit_logs that says why is committed; the setting tenantry.superadmin only names that entry.

function(
    "is_superadmin",
    returns="boolean",
    to=EVERYBODY,
    **READS_AS_OWNER,
    comment="Whether the role that called, also through a SECURITY DEFINER function, is the owner, or the superadmin's"
    " and on record; an error (28000) for a record that does not hold.",
)
function(
    "has_superadmin_role",
    returns="boolean",
    **READS_AS_OWNER,
    comment="Whether the role that called may go on record as superadmin, and then be one.",
)
function(
    "superadmin_is_on_record",
    returns="boolean",
    **READS_AS_OWNER,
    comment="Whether tenantry.superadmin names a committed entry of this login in admin_audit_logs, of these 8 hours.",
)
function(
    "record_superadmin_use",
    arguments="p_reason text, p_tenant_id uuid DEFAULT NULL",
    returns="uuid",
    to=(SUPERADMIN,),
    language="plpgsql",
    security="definer",
    comment="Enters into admin_audit_logs why all tenants, or this one, have to be seen; returns the entry's id, which"
    " lets the login see them where tenantry.superadmin says it, once it is committed.",
)
function(
    "enable_superadmin_mode",
    arguments="p_reason text DEFAULT NULL, p_tenant_id uuid DEFAULT NULL",
    returns="uuid",
    to=(SUPERADMIN,),
    language="plpgsql",
    comment="Goes on record and, once that is committed, lets this session see all tenants; leaves the tenant that"
    " set_tenant() entered; refused (42501) to whoever is no superadmin.",
)
function(
    "set_tenant",
    arguments="p_tenant_id uuid",
    to=EVERYBODY,
    language="plpgsql",
    security="definer",
    comment="Enters a tenant for the rest of the transaction; refused (42501) to whoever is no superadmin, unless"
    " contexts are plain.",
)
