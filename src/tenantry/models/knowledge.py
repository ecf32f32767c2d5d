"""Knowledge: documents that agents search, and analyses of small companies."""

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ARRAY, REAL, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.models.base import Base, TenantScoped
from tenantry.models.columns import JsonObject, NewestFirst, member, parent, reference, same_tenant

if TYPE_CHECKING:
    from tenantry.models.identity import TenantUser
    from tenantry.models.tasks import Project


class KnowledgeBase(TenantScoped, Base):
    """A document or another item of knowledge about a project."""

    __tablename__ = "knowledge_base"

    project_id: Mapped[UUID] = reference("projects", on_delete="cascade")
    title: Mapped[str]
    content: Mapped[str]
    source: Mapped[str | None] = mapped_column(comment="where it comes from: an address or a file")
    tags: Mapped[list[str]] = mapped_column(server_default="{}")
    embedding: Mapped[list[float] | None] = mapped_column(
        ARRAY(REAL), comment="1536 dimensions; where pgvector is installed, embedding::vector(1536) can be indexed"
    )
    metadata_: Mapped[JsonObject] = mapped_column("metadata")

    project: Mapped["Project"] = parent(same_tenant("Project.id", "KnowledgeBase.project_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "project_id")),
        Index(None, "tags", postgresql_using="gin"),
        Index(None, "metadata", postgresql_using="gin"),
    )


class AnalysisStatus(StrEnum):
    """How far an analysis has come."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class PmeAnalysis(TenantScoped, Base):
    """A business analysis of a small or medium-sized company (PME)."""

    __tablename__ = "pme_analyses"

    user_id: Mapped[UUID | None] = member(on_delete="set null", comment="the member who asked for it")
    company_name: Mapped[str]
    sector: Mapped[str | None]
    region: Mapped[str | None]
    analysis_type: Mapped[str | None]
    analysis_result: Mapped[JsonObject]
    score: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    status: Mapped[AnalysisStatus] = mapped_column(server_default=AnalysisStatus.COMPLETED)

    member: Mapped["TenantUser | None"] = parent(same_tenant("TenantUser.user_id", "PmeAnalysis.user_id"))

    __table_args__ = (
        NewestFirst(),
        NewestFirst(within=("tenant_id", "status")),
        Index(None, "tenant_id", "company_name"),
        Index(None, "analysis_result", postgresql_using="gin"),
    )
