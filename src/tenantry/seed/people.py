"""Who works where, and what they may: the tenants as provision_tenant() makes them, and their people."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tenantry.models.reference_rows import DEFAULT_TENANT_ID
from tenantry.seed import words
from tenantry.seed.blueprint import reference_rows
from tenantry.seed.company import Company
from tenantry.seed.plan import recipe
from tenantry.seed.values import NOW, Row, email, person, uuid7

#: what no password hashes to
NO_PASSWORD: Final = "!"  # noqa: S105

#: who works in the first tenants, the founder first; all others are made up
STARTERS: Final = {
    "Acme Corp": ("alice@example.com", "bob@example.com"),
    "Tech Startup Inc": ("bob@example.com",),
}
ADMIN: Final = "admin@example.com"

_PLANS: Final = {"Acme Corp": "pro", "Tech Startup Inc": "starter"}
_PRICES: Final = {"free": 0, "starter": 19, "pro": 49, "professional": 99, "enterprise": 499}
_SEATS: Final = {"free": 5, "starter": 10, "pro": 25, "professional": 50, "enterprise": 500}
_COLLEAGUES: Final = 5
_ROLES: Final = ("owner", "admin", "member", "member", "viewer")
_QUOTA: Final = 1_000_000
_AGENTS_ALLOWED: Final = 5


def starter_id(address: str) -> str:
    """The id of one of the people whom every development database has."""
    number = sorted({ADMIN, *(address for people in STARTERS.values() for address in people)}).index(address)
    return f"019b76da-a800-7000-8000-{number + 1:012}"


@recipe("tenants")
def _tenants(company: Company) -> Iterator[Row]:
    plan = _PLANS.get(company.name) or company.rng.choice(tuple(_PRICES))
    city, _, country, _ = company.rng.choice(words.CITIES)
    yield {
        "id": company.tenant_id,
        "created_at": company.founded,
        "name": company.name,
        "slug": company.slug,
        "domain": f"{company.slug}.example",
        "external_id": None,
        "status": "active",
        "plan": plan,
        "trial_ends_at": None,
        "region": country,
        "is_personal": False,
        "admin_email": STARTERS.get(company.name, (f"office@{company.slug}.example",))[0],
        "notes": f"Seat in {city}.",
        "suspended_by": None,
        "suspended_reason": None,
    }


@recipe("users")
def _users(company: Company) -> Iterator[Row]:
    """The people whom no earlier tenant has: bob founded one tenant, and works in another."""
    for address in STARTERS.get(company.name, ()):
        if not _is_known(company.name, address):
            yield _starter(company, address)
    if company.number == 0:
        yield _starter(company, ADMIN) | {"role": "superadmin", "is_superadmin": True}
    seen = set()
    for _ in range(_COLLEAGUES - len(STARTERS.get(company.name, ()))):
        name = person(company.rng)
        if name not in seen:
            seen.add(name)
            yield _user(company, name, email(company.rng, name, f"{company.slug}.example"))


def _is_known(company: str, address: str) -> bool:
    earlier = list(STARTERS)[: list(STARTERS).index(company)]
    return any(address in STARTERS[name] for name in earlier)


def _starter(company: Company, address: str) -> Row:
    return _user(company, address.partition("@")[0].capitalize(), address) | {"id": starter_id(address)}


def _user(company: Company, name: str, address: str) -> Row:
    return {
        "id": uuid7(company.rng, company.founded),
        "created_at": company.founded,
        "email": address,
        "password_hash": NO_PASSWORD,
        "identity_provider": None,
        "external_id": None,
        "username": address.partition("@")[0],
        "full_name": name,
        "organization_name": company.name,
        "role": "user",
        "is_superadmin": False,
        "is_active": True,
        "email_verified": True,
        "primary_tenant_id": company.tenant_id,
        "access_level": 1,
        "max_agents": _AGENTS_ALLOWED,
        "monthly_token_quota": _QUOTA,
    }


@recipe("tenant_users")
def _tenant_users(company: Company) -> Iterator[Row]:
    known = {row["email"]: row["id"] for row in company.rows["users"]}
    starters = [starter_id(address) for address in STARTERS.get(company.name, ())]
    others = [user_id for address, user_id in known.items() if not address.endswith("@example.com")]
    for number, user_id in enumerate((*starters, *others)):
        yield {
            "user_id": user_id,
            "created_at": company.founded,
            "joined_at": company.founded,
            "role": _ROLES[min(number, len(_ROLES) - 1)],
            "is_app_admin": number == 0,
            "title": company.rng.choice(words.JOBS),
            "department": company.rng.choice(words.DEPARTMENTS),
            "deactivated_at": None,
        }


@recipe("levels")
def _levels(company: Company) -> Iterator[Row]:
    return _like_default_tenant(company, "levels")


@recipe("level_token_policies")
def _level_token_policies(company: Company) -> Iterator[Row]:
    for row in _like_default_tenant(company, "level_token_policies"):
        yield row | {"level_id": _own(company, "levels", row["level_id"], "slug")}


@recipe("roles")
def _roles(company: Company) -> Iterator[Row]:
    return _like_default_tenant(company, "roles")


@recipe("role_permissions")
def _role_permissions(company: Company) -> Iterator[Row]:
    for row in _like_default_tenant(company, "role_permissions"):
        yield row | {"role_id": _own(company, "roles", row["role_id"], "key")}


def _like_default_tenant(company: Company, table: str) -> Iterator[Row]:
    for row in reference_rows(table):
        if row["tenant_id"] == str(DEFAULT_TENANT_ID):
            own = {name: value for name, value in row.items() if name not in {"tenant_id", "id"}}
            yield own | {"created_at": company.founded}


def _own(company: Company, table: str, template_id: str, key: str) -> str:
    """The id here of what the default tenant has as well."""
    template = next(row for row in reference_rows(table) if row["id"] == template_id)
    return str(next(row["id"] for row in company.rows[table] if row[key] == template[key]))


@recipe("user_roles")
def _user_roles(company: Company) -> Iterator[Row]:
    by_key = {row["key"]: row["id"] for row in company.rows["roles"]}
    for member in company.rows["tenant_users"]:
        yield {
            "user_id": member["user_id"],
            "role_id": by_key[member["role"]],
            "assigned_by": company.owner(),
            "expires_at": None,
            "created_at": company.founded,
        }


@recipe("subscriptions")
def _subscriptions(company: Company) -> Iterator[Row]:
    """The tenant's own, which the database has begun with the tenant; people have none beside it."""
    plan = company.rows["tenants"][0]["plan"]
    yield {
        "user_id": None,
        "plan": plan,
        "status": "active",
        "monthly_price": _PRICES[plan],
        "created_at": company.founded,
        "started_at": company.founded,
        "current_period_start": NOW - timedelta(days=29),
        "current_period_end": NOW + timedelta(days=1),
        "expires_at": None,
        "canceled_at": None,
        "cancel_at_period_end": False,
        "seat_count": len(company.rows["tenant_users"]),
        "max_seats": _SEATS[plan],
        "stripe_customer_id": f"cus_{company.rng.getrandbits(56):014x}",
        "stripe_subscription_id": f"sub_{company.rng.getrandbits(56):014x}",
    }


@recipe("tenant_feature_flags")
def _flags(company: Company) -> Iterator[Row]:
    for row in company.rng.sample(reference_rows("feature_flag_definitions"), 3):
        yield {"flag_key": row["key"], "enabled": company.rng.random() < 0.7, "set_by": "seed"}  # noqa: PLR2004


@recipe("user_api_keys")
def _user_api_keys(company: Company) -> Iterator[Row]:
    for row in company.rows["users"][:2]:
        yield {"user_id": row["id"], "provider": company.rng.choice(("groq", "deepgram", "twilio"))}


@recipe("superadmin_users")
def _operators(company: Company) -> Iterator[Row]:
    if company.number == 0:
        yield {"username": "admin", "email": ADMIN, "full_name": "Admin", "password_hash": NO_PASSWORD}


@recipe("admin_sessions")
def _admin_sessions(company: Company) -> Iterator[Row]:
    if company.number == 0:
        yield {"admin_id": company.rows["superadmin_users"][0]["id"], "is_active": False, "expires_at": NOW}
