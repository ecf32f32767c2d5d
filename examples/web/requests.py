"""What the tenants' users do: each request runs as one user of one tenant.

uvicorn --factory web.requests:application
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from psycopg.errors import InsufficientPrivilege
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from tenantry import AsyncTenancy, acting_for
from tenantry.models import Workflow

from .passes import Passes


class Authentication:
    """Says once for whom a request acts; without a pass it acts for nobody, who sees nothing."""

    def __init__(self, application: ASGIApp, passes: Passes) -> None:
        self._application = application
        self._passes = passes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        person = self._passes.of(HTTPConnection(scope)) if scope["type"] == "http" else None
        tenant, user = (person.tenant, person.user) if person else (None, None)
        with acting_for(tenant, user):
            await self._application(scope, receive, send)


async def tenant_session(request: Request) -> AsyncIterator[AsyncSession]:
    """A session for whom the request acts. It is committed before the answer goes out."""
    tenancy: AsyncTenancy = request.app.state.tenancy
    async with tenancy.begin() as session:
        # a pass outlives a membership
        if await session.scalar(select(func.get_current_tenant_role())) is None:
            raise HTTPException(401, "sign in as a member of a tenant", {"WWW-Authenticate": "Bearer"})
        yield session


TenantSession = Annotated[AsyncSession, Depends(tenant_session, scope="function")]


class NewWorkflow(BaseModel):
    """What a user says of a workflow."""

    name: str = Field(min_length=1, max_length=200)
    description: str | None = None


class ShownWorkflow(NewWorkflow):
    """What he is shown of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    created_at: datetime


def create_application(tenancy: AsyncTenancy, passes: Passes) -> FastAPI:
    """The application.

    :param tenancy: of a login that is a member of tenantry_app.
    :param passes: those that are accepted.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await tenancy.engine.dispose()

    application = FastAPI(title="Workflows", lifespan=lifespan)
    application.state.tenancy = tenancy
    application.add_middleware(Authentication, passes=passes)
    application.add_exception_handler(DBAPIError, refuse)
    application.get("/workflows")(list_workflows)
    application.post("/workflows", status_code=201)(create_workflow)
    application.get("/workflows/{workflow_id}")(show_workflow)
    return application


async def list_workflows(session: TenantSession) -> list[ShownWorkflow]:
    """The newest of the tenant."""
    newest = await session.scalars(select(Workflow).order_by(Workflow.created_at.desc()).limit(50))
    return [ShownWorkflow.model_validate(workflow) for workflow in newest]


async def create_workflow(given: NewWorkflow, session: TenantSession) -> ShownWorkflow:
    """A new one, of the tenant."""
    workflow = Workflow(name=given.name, description=given.description)
    session.add(workflow)
    await session.flush()
    return ShownWorkflow.model_validate(workflow)


async def show_workflow(workflow_id: UUID, session: TenantSession) -> ShownWorkflow:
    """One of the tenant's; another's is not found."""
    workflow = await session.get(Workflow, workflow_id)
    if workflow is None:
        raise HTTPException(404, "there is no such workflow")
    return ShownWorkflow.model_validate(workflow)


async def refuse(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
    """What row security refuses, such as a viewer's writing, is forbidden."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, InsufficientPrivilege):
        return JSONResponse({"detail": "your role in the tenant does not allow this"}, 403)
    raise error


def application() -> FastAPI:
    """The application as the environment says."""
    return create_application(AsyncTenancy(os.environ["APPLICATION_URL"]), Passes(os.environ["PASS_SECRET"]))
