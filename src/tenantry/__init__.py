"""Tenantry: the database of a multi-tenant SaaS, declared once in Python."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tenantry.runtime.acting import acting_for
    from tenantry.runtime.async_tenancy import AsyncTenancy
    from tenantry.runtime.tenancy import Tenancy

__all__ = ["AsyncTenancy", "Tenancy", "acting_for"]

# on first use: a migration needs none of them, nor what they import
_HOMES = {
    "AsyncTenancy": "tenantry.runtime.async_tenancy",
    "Tenancy": "tenantry.runtime.tenancy",
    "acting_for": "tenantry.runtime.acting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_HOMES[name]), name)
