"""Audit: what was done in a tenant, what operators of the platform did, and the functions that alone write it down.

Who acted is never an argument: it comes from the signed context and from the role of the database.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Sequence
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy
from tenantry.models.base import AppendOnly, Base, PlatformScoped, TenantAdminScoped
from tenantry.models.columns import ADDED, BigInt, JsonObject, NewestFirst, No, member
from tenantry.models.context import EVERYBODY
from tenantry.models.roles import OWNER, SUPERADMIN
from tenantry.models.routines import function
from tenantry.models.scopes import IN_TENANT, IS_SUPERADMIN

IpAddress: TypeAlias = IPv4Address | IPv6Address

DEFINER: Final[dict[str, Any]] = {"language": "plpgsql", "security": "definer"}


def written_by_functions() -> Policy:
    """Lets functions of the owner write a tenant's rows on behalf of members who do not see them."""
    return Policy("functions", to=OWNER, using=IN_TENANT)


class RowOperation(StrEnum):
    """What happened to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


#: numbers the entries of both logs in the order in which they are written
ENTRY_NUMBERS: Final = Sequence("audit_entry_numbers", metadata=Base.metadata)

EntryNumber = Annotated[
    int,
    mapped_column(
        BigInteger,
        server_default=ENTRY_NUMBERS.next_value(),
        sort_order=ADDED,
        index=True,
        comment="in the order of writing, of both audit logs together; what is missing was rolled back",
    ),
]


def read_for_sealing() -> Policy:
    """Lets the functions that seal, or see whether a superadmin is on record, read all entries; they show none."""
    return Policy("sealing", command="select", to=OWNER, using="true")


class AuditLog(AppendOnly, TenantAdminScoped, Base):
    """A significant action in a tenant, for good."""

    __tablename__ = "audit_logs"
    __written_by__ = "functions"

    user_id: Mapped[UUID | None] = member(comment="the member who acted; empty is the platform")
    user_email: Mapped[str | None] = mapped_column(comment="his address at the time")
    impersonated_user_id: Mapped[UUID | None] = member(comment="the member in whose name he acted")
    is_superadmin_action: Mapped[No]
    action: Mapped[str] = mapped_column(comment="what was done, as in api_key.revoked")
    resource_type: Mapped[str | None] = mapped_column(comment="what it was done to: a table, as a rule")
    resource_id: Mapped[str | None]
    details: Mapped[JsonObject]
    ip_address: Mapped[IpAddress | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    login: Mapped[str | None] = mapped_column(
        sort_order=ADDED, comment="the login of the database that it came through; empty is from before it was noted"
    )
    operation: Mapped[RowOperation | None] = mapped_column(
        sort_order=ADDED, comment="a row changed, says its trigger; empty is what the application says of itself"
    )
    entry_number: Mapped[EntryNumber]

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "user_id")),
        NewestFirst(within=("tenant_id", "action")),
        NewestFirst(within=("tenant_id", "resource_type", "resource_id")),
        # of any tenant, because a person joins one before his context says so
        Policy("functions", command="insert", to=OWNER, with_check="true"),
        read_for_sealing(),
    )


class AdminAuditLog(AppendOnly, PlatformScoped, Base):
    """What an operator of the platform did, for good."""

    __tablename__ = "admin_audit_logs"
    __written_by__ = "functions"

    admin_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("superadmin_users.id"), index=True, comment="the operator, where the back office named him"
    )
    admin_user_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("users.id"), index=True, comment="the person of the signed context, where there was one"
    )
    login: Mapped[str] = mapped_column(comment="the login of the database that it came through")
    action: Mapped[str]
    target_tenant_id: Mapped[UUID | None] = mapped_column(ForeignKey("tenants.id"))
    target_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    target_resource_type: Mapped[str | None]
    target_resource_id: Mapped[UUID | None]
    details: Mapped[JsonObject]
    ip_address: Mapped[IpAddress | None] = mapped_column(INET)
    user_agent: Mapped[str | None]
    entry_number: Mapped[EntryNumber]
    recorded_in: Mapped[BigInt | None] = mapped_column(
        sort_order=ADDED,
        comment="the transaction that put a use of superadmin mode on record: it opens to others alone",
    )

    __table_args__ = (
        read_for_sealing(),
        NewestFirst(within=()),
        NewestFirst(within=("action",)),
        NewestFirst(within=("target_tenant_id",)),
        Index(None, "target_resource_type", "target_resource_id"),
        # whether the superadmin is one is looked up here, so that his policy cannot be the owner's as well
        Policy("superadmin", to=SUPERADMIN, using=IS_SUPERADMIN, with_check=IS_SUPERADMIN),
        Policy("functions", command="insert", to=OWNER, with_check="true"),
    )


function(
    "write_audit_log",
    arguments="p_action text, p_resource_type text DEFAULT NULL, p_resource_id text DEFAULT NULL,"
    " p_details jsonb DEFAULT '{}', p_ip_address inet DEFAULT NULL, p_user_agent text DEFAULT NULL,"
    " p_impersonated_user_id uuid DEFAULT NULL",
    returns="uuid",
    to=EVERYBODY,
    **DEFINER,
    comment="Logs what the current user does in the current tenant; returns the entry's id.",
)
function(
    "write_admin_audit_log",
    arguments="p_action text, p_target_tenant_id uuid DEFAULT NULL, p_target_user_id uuid DEFAULT NULL,"
    " p_target_resource_type text DEFAULT NULL, p_target_resource_id uuid DEFAULT NULL,"
    " p_details jsonb DEFAULT '{}', p_admin_id uuid DEFAULT NULL,"
    " p_ip_address inet DEFAULT NULL, p_user_agent text DEFAULT NULL",
    returns="uuid",
    to=(SUPERADMIN,),
    **DEFINER,
    comment="Logs what an operator does; refused (42501) to whoever is no superadmin. Returns the entry's id.",
)
function(
    "audit_change",
    returns="trigger",
    **DEFINER,
    comment="Trigger: logs the rows that a statement changed, with the old values and the new; what its arguments"
    " name is logged as changed, without values.",
)
function(
    "describe_change",
    arguments="p_old jsonb, p_new jsonb, p_sensitive text[]",
    returns="jsonb",
    volatility="immutable",
    parallel="safe",
    comment="The fields in which two images of a row differ, old and new; NULL where they do not.",
)

# Steps of these and of other logs; they tell who acts, so that no argument has to.

function(
    "get_acting_tenant",
    returns="uuid",
    language="plpgsql",
    volatility="stable",
    comment="The current tenant; an error where there is none, or for a user who is no member of it.",
)
function(
    "get_acting_member",
    arguments="p_tenant_id uuid",
    returns="uuid",
    volatility="stable",
    comment="The current user if he is a member of the tenant: who logs may name as having acted.",
)
