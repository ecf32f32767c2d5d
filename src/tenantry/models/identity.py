"""Who is who: tenants, people, who works where and as what, the platform's operators, keys and settings."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy
from tenantry.models.base import (
    Audited,
    Base,
    CatalogScoped,
    PersonScoped,
    PlatformScoped,
    RootScoped,
    TenantAdminScoped,
    TenantConfigScoped,
    UserScoped,
)
from tenantry.models.columns import (
    PLATFORM_WRITTEN,
    SECRET,
    BigInt,
    Count,
    JsonList,
    JsonObject,
    No,
    Yes,
    children,
    member,
    parent,
    reference,
    same_tenant,
    unique_in_tenant,
)
from tenantry.models.levels import Level
from tenantry.models.roles import OWNER
from tenantry.models.scopes import CURRENT_USER, MEMBERSHIP, read_by_functions
from tenantry.models.vocabulary import Tier

BY_PLATFORM = {PLATFORM_WRITTEN: True}


class TenantStatus(StrEnum):
    """Whether a tenant is in business."""

    TRIAL = "trial"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    DELETED = "deleted"


class Plan(StrEnum):
    """What a tenant, or one of its keys, is billed as."""

    FREE = "free"
    STARTER = "starter"
    PRO = "pro"
    PROFESSIONAL = "professional"
    ENTERPRISE = "enterprise"


class Region(StrEnum):
    """The country whose law a tenant's data follow."""

    DZ = "DZ"
    CH = "CH"
    FR = "FR"
    BE = "BE"
    CA = "CA"


class Tenant(Audited, RootScoped, Base):
    """A customer organisation that owns data."""

    __tablename__ = "tenants"

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(
        unique=True, info=BY_PLATFORM, comment="short name for addresses, unique on the platform"
    )
    domain: Mapped[str | None]
    external_id: Mapped[str | None] = mapped_column(
        unique=True, info=BY_PLATFORM, comment="its id at an outside identity provider"
    )
    status: Mapped[TenantStatus] = mapped_column(server_default=TenantStatus.ACTIVE, info=BY_PLATFORM)
    suspended_at: Mapped[datetime | None] = mapped_column(info=BY_PLATFORM)
    suspended_reason: Mapped[str | None] = mapped_column(info=BY_PLATFORM)
    suspended_by: Mapped[UUID | None] = mapped_column(
        ForeignKey("superadmin_users.id", ondelete="SET NULL"),
        info=BY_PLATFORM,
        comment="the operator who suspended it",
    )
    plan: Mapped[Plan] = mapped_column(server_default=Plan.FREE, info=BY_PLATFORM)
    trial_ends_at: Mapped[datetime | None] = mapped_column(info=BY_PLATFORM)
    region: Mapped[Region | None]
    is_personal: Mapped[No] = mapped_column(comment="the private space of one person")
    admin_email: Mapped[str | None]
    admin_phone: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    settings: Mapped[JsonObject]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")
    notes: Mapped[str | None] = mapped_column(info=BY_PLATFORM)
    deleted_at: Mapped[datetime | None] = mapped_column(info=BY_PLATFORM)

    members: Mapped[list["TenantUser"]] = children("Tenant.id == foreign(TenantUser.tenant_id)", "tenant")
    levels: Mapped[list[Level]] = children("Tenant.id == foreign(Level.tenant_id)", "tenant")

    __table_args__ = (
        Index("ix_tenants_current", "created_at", postgresql_where=text("deleted_at IS NULL")),
        Index("ix_tenants_domain", "domain", postgresql_where=text("domain IS NOT NULL")),
        read_by_functions(),
    )


class UserRole(StrEnum):
    """What a person is on the platform, for the application; in a tenant the membership's role counts."""

    USER = "user"
    ADMIN = "admin"
    ENTERPRISE = "enterprise"
    SUPERADMIN = "superadmin"


class SubscriptionTier(StrEnum):
    """Tiers of a personal subscription."""

    FREE = "free"
    PRO = "pro"
    ENTERPRISE = "enterprise"


class User(PersonScoped, Base):
    """A person with a login, who may belong to many tenants."""

    __tablename__ = "users"

    email: Mapped[str]
    password_hash: Mapped[str | None] = mapped_column(
        info={SECRET: True},
        deferred=True,
        deferred_raiseload=True,
        comment="the application sets it and never reads it; empty where an outside provider holds the login",
    )
    identity_provider: Mapped[str | None] = mapped_column(comment="who issued external_id")
    external_id: Mapped[str | None] = mapped_column(comment="the id of the login at an outside identity provider")
    username: Mapped[str | None]
    full_name: Mapped[str | None]
    avatar_url: Mapped[str | None]
    phone: Mapped[str | None]
    organization_name: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    role: Mapped[UserRole] = mapped_column(server_default=UserRole.USER, info=BY_PLATFORM)
    is_superadmin: Mapped[No] = mapped_column(
        info=BY_PLATFORM, comment="for display; in the database the superadmin is a role and this gives no right"
    )
    tier: Mapped[Tier] = mapped_column(server_default=Tier.FREE, info=BY_PLATFORM)
    subscription_tier: Mapped[SubscriptionTier] = mapped_column(server_default=SubscriptionTier.FREE, info=BY_PLATFORM)
    access_level: Mapped[int] = mapped_column(server_default="1", info=BY_PLATFORM)
    max_agents: Mapped[int] = mapped_column(server_default="2", info=BY_PLATFORM)
    monthly_token_quota: Mapped[BigInt] = mapped_column(server_default="1000", info=BY_PLATFORM)
    email_verified: Mapped[No] = mapped_column(info=BY_PLATFORM)
    is_active: Mapped[Yes] = mapped_column(info=BY_PLATFORM)
    deactivated_at: Mapped[datetime | None] = mapped_column(server_default=FetchedValue(), info=BY_PLATFORM)
    primary_tenant_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("tenants.id", ondelete="SET NULL"),
        server_default=FetchedValue(),
        info=BY_PLATFORM,
        comment="where the person lands after login",
    )
    last_login: Mapped[datetime | None]
    preferences: Mapped[JsonObject]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")
    notes: Mapped[str | None]

    memberships: Mapped[list["TenantUser"]] = children("User.id == foreign(TenantUser.user_id)", "user")
    api_keys: Mapped[list["UserApiKey"]] = children("User.id == foreign(UserApiKey.user_id)", "user")

    __table_args__ = (
        Index("uq_users_email", func.lower(text("email")), unique=True),
        UniqueConstraint("identity_provider", "external_id"),
        CheckConstraint("external_id IS NULL OR identity_provider IS NOT NULL", name="external_id"),
        CheckConstraint("access_level BETWEEN 1 AND 10", name="access_level"),
        CheckConstraint("max_agents >= 0", name="max_agents"),
        CheckConstraint("monthly_token_quota >= 0", name="monthly_token_quota"),
        read_by_functions(),
    )


class TenantRole(StrEnum):
    """What a member may do in a tenant; a viewer reads and never writes."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class TenantUser(TenantConfigScoped, Base):
    """Membership of a user in a tenant. Who leaves is deactivated, so that what he did keeps its author."""

    __tablename__ = "tenant_users"
    __scope__ = MEMBERSHIP

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[TenantRole] = mapped_column(server_default=TenantRole.MEMBER)
    custom_permissions: Mapped[JsonList]
    is_app_admin: Mapped[No]
    title: Mapped[str | None]
    department: Mapped[str | None]
    manager_user_id: Mapped[UUID | None] = member(on_delete="set null")
    notes: Mapped[str | None]
    joined_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deactivated_at: Mapped[datetime | None] = mapped_column(comment="set: no longer a member")

    tenant: Mapped[Tenant] = parent("Tenant.id == foreign(TenantUser.tenant_id)", "members")
    user: Mapped[User] = parent("User.id == foreign(TenantUser.user_id)", "memberships")
    roles: Mapped[list["UserRoleAssignment"]] = children(
        same_tenant("TenantUser.user_id", "UserRoleAssignment.user_id"), "member"
    )

    __table_args__ = (
        unique_in_tenant("user_id"),
        # what a function does for a person who accepts an invitation
        Policy("joining", to=OWNER, using=f"user_id = {CURRENT_USER}"),
        # who asks for a member's role has the context verified already: once a call, not once more for this table
        read_by_functions(),
    )


class Role(TenantConfigScoped, Base):
    """A role that a tenant defines for its members."""

    __tablename__ = "roles"

    key: Mapped[str]
    name: Mapped[str]
    description: Mapped[str | None]
    is_system: Mapped[No]
    is_default: Mapped[No]
    priority: Mapped[Count]
    external_id: Mapped[str | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    permissions: Mapped[list["RolePermission"]] = children(same_tenant("Role.id", "RolePermission.role_id"), "role")
    holders: Mapped[list["UserRoleAssignment"]] = children(same_tenant("Role.id", "UserRoleAssignment.role_id"), "role")

    __table_args__ = (unique_in_tenant("key"), unique_in_tenant("name"))


class Permission(CatalogScoped, Base):
    """A permission that roles of any tenant may grant."""

    __tablename__ = "permissions"

    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str | None]
    resource: Mapped[str | None]
    action: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    roles: Mapped[list["RolePermission"]] = children(
        "Permission.id == foreign(RolePermission.permission_id)", "permission"
    )


class RolePermission(TenantConfigScoped, Base):
    """A permission that a role grants."""

    __tablename__ = "role_permissions"

    role_id: Mapped[UUID] = reference("roles", on_delete="cascade")
    permission_id: Mapped[UUID] = mapped_column(ForeignKey("permissions.id", ondelete="CASCADE"), index=True)

    role: Mapped[Role] = parent(same_tenant("Role.id", "RolePermission.role_id"), "permissions")
    permission: Mapped[Permission] = parent("Permission.id == foreign(RolePermission.permission_id)", "roles")

    __table_args__ = (unique_in_tenant("role_id", "permission_id"),)


class UserRoleAssignment(TenantConfigScoped, Base):
    """A role that a member holds in a tenant."""

    __tablename__ = "user_roles"

    user_id: Mapped[UUID] = member(on_delete="cascade")
    role_id: Mapped[UUID] = reference("roles", on_delete="cascade")
    assigned_by: Mapped[UUID | None] = member(on_delete="set null")
    expires_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    member: Mapped[TenantUser] = parent(same_tenant("TenantUser.user_id", "UserRoleAssignment.user_id"), "roles")
    role: Mapped[Role] = parent(same_tenant("Role.id", "UserRoleAssignment.role_id"), "holders")

    __table_args__ = (unique_in_tenant("user_id", "role_id"),)


class OperatorRole(StrEnum):
    """What an operator of the platform may do."""

    SUPERADMIN = "superadmin"
    ADMIN = "admin"


class SuperadminUser(PlatformScoped, Base):
    """An operator of the whole platform."""

    __tablename__ = "superadmin_users"

    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    password_hash: Mapped[str] = mapped_column(
        info={SECRET: True}, deferred=True, comment="an exclamation mark is the hash of no password"
    )
    full_name: Mapped[str | None]
    role: Mapped[OperatorRole] = mapped_column(server_default=OperatorRole.SUPERADMIN)
    permissions: Mapped[list[Any]] = mapped_column(JSONB, server_default='["all"]')
    is_active: Mapped[Yes]
    last_login: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    sessions: Mapped[list["AdminSession"]] = children("SuperadminUser.id == foreign(AdminSession.admin_id)", "admin")

    __table_args__ = (Index("uq_superadmin_users_email", func.lower(text("email")), unique=True),)


class AdminSession(PlatformScoped, Base):
    """A login session of an operator."""

    __tablename__ = "admin_sessions"

    admin_id: Mapped[UUID] = mapped_column(ForeignKey("superadmin_users.id", ondelete="CASCADE"), index=True)
    session_data: Mapped[JsonObject]
    ip_address: Mapped[str | None]
    user_agent: Mapped[str | None]
    is_active: Mapped[Yes]
    expires_at: Mapped[datetime]

    admin: Mapped[SuperadminUser] = parent("SuperadminUser.id == foreign(AdminSession.admin_id)", "sessions")


class ApiKey(Audited, TenantAdminScoped, Base):
    """A hashed key that authenticates a client of a tenant, with rate limits and quotas."""

    __tablename__ = "api_keys"

    user_id: Mapped[UUID | None] = member(comment="the member it acts for; empty is the tenant itself")
    name: Mapped[str | None]
    key_hash: Mapped[str] = mapped_column(index=True, comment="SHA-256 of the key, in hex")
    key_prefix: Mapped[str] = mapped_column(comment="the beginning of the key, to recognise it by")
    permissions: Mapped[JsonList]
    plan: Mapped[Plan] = mapped_column(server_default=Plan.FREE, info=BY_PLATFORM)
    rate_limit_per_minute: Mapped[int | None] = mapped_column(server_default="60")
    rate_limit_per_day: Mapped[int | None]
    quota_tokens_monthly: Mapped[BigInt | None]
    quota_audio_seconds_monthly: Mapped[BigInt | None]
    quota_ocr_pages_monthly: Mapped[BigInt | None]
    is_active: Mapped[Yes]
    revoked: Mapped[No] = mapped_column(comment="for good, unlike is_active")
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    __table_args__ = (unique_in_tenant("key_hash"), read_by_functions())


class KeyProvider(StrEnum):
    """Outside providers that people bring keys of."""

    GROQ = "groq"
    DEEPGRAM = "deepgram"
    TWILIO = "twilio"


class UserApiKey(UserScoped, Base):
    """A person's own key of an outside provider, encrypted."""

    __tablename__ = "user_api_keys"

    provider: Mapped[KeyProvider]
    api_key_encrypted: Mapped[str] = mapped_column(Text)
    iv: Mapped[str] = mapped_column(comment="initialisation vector of the encryption")
    auth_tag: Mapped[str] = mapped_column(comment="authentication tag of the encryption")
    is_active: Mapped[Yes]
    last_used_at: Mapped[datetime | None]

    user: Mapped[User] = parent("User.id == foreign(UserApiKey.user_id)", "api_keys")

    __table_args__ = (UniqueConstraint("user_id", "provider"),)


class SystemConfiguration(Audited, TenantAdminScoped, Base):
    """A setting of a tenant; those of the platform itself are the default tenant's."""

    __tablename__ = "system_configurations"

    key: Mapped[str]
    value: Mapped[Any] = mapped_column(JSONB)
    description: Mapped[str | None]
    is_public: Mapped[No]

    __table_args__ = (unique_in_tenant("key"),)
