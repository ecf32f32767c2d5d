"""What the back office does: it sees all tenants, and each use of it is on record. A process of its own.

uvicorn --factory web.office:application
"""

import os
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from tenantry import AsyncTenancy
from tenantry.models import Tenant, Workflow

from .passes import Passes, Person


def operator(request: Request) -> Person:
    """Who of the back office asks."""
    passes: Passes = request.app.state.passes
    person = passes.of(request)
    if person is None:
        raise HTTPException(401, "sign in to the back office", {"WWW-Authenticate": "Bearer"})
    return person


class ShownTenant(BaseModel):
    """A tenant, and how much it uses."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    workflows: int


def create_application(tenancy: AsyncTenancy, passes: Passes) -> FastAPI:
    """The application.

    :param tenancy: of a login that is a member of tenantry_superadmin.
    :param passes: those of the back office, with a secret of their own.
    """
    application = FastAPI(title="Back office")
    application.state.tenancy = tenancy
    application.state.passes = passes
    application.get("/tenants")(list_tenants)
    return application


async def list_tenants(
    request: Request,
    person: Annotated[Person, Depends(operator)],
    reason: Annotated[str, Header(alias="X-Reason", min_length=5)],
) -> list[ShownTenant]:
    """All tenants; why somebody looks goes on record first."""
    tenancy: AsyncTenancy = request.app.state.tenancy
    workflows = select(func.count()).where(Workflow.tenant_id == Tenant.id).scalar_subquery()
    query = select(Tenant.id, Tenant.name, workflows.label("workflows")).order_by(Tenant.name)
    async with tenancy.superadmin(reason=f"{person.user}: {reason}") as session:
        return [ShownTenant.model_validate(row) for row in await session.execute(query)]


def application() -> FastAPI:
    """The application as the environment says."""
    return create_application(AsyncTenancy(os.environ["BACK_OFFICE_URL"]), Passes(os.environ["OFFICE_PASS_SECRET"]))
