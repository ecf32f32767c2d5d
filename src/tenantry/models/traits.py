"""What rows of business tables have in common: money, who wrote them, and deletion that can be undone."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from tenantry.models.columns import member

Money = Annotated[Decimal, mapped_column(Numeric(14, 2))]
Percent = Annotated[Decimal, mapped_column(Numeric(5, 2))]
Currency = Annotated[str, mapped_column(Text, server_default="USD", comment="ISO 4217")]


class Created:
    """Rows that know which member made them."""

    created_by: Mapped[UUID | None] = member(on_delete="set null", sort_order=12)


class Authored(Created):
    """Rows that know which member made them, and who changed them last."""

    updated_by: Mapped[UUID | None] = member(on_delete="set null", sort_order=13)


class SoftDeleted:
    """Rows that are marked as deleted before they are, so that it can be undone."""

    deleted_at: Mapped[datetime | None] = mapped_column(sort_order=14)


class CurrentNewestFirst(SchemaItem):
    """An index for lists of a tenant's newest rows, without those that are soft-deleted."""

    __visit_name__ = "current_newest_first"

    def __init__(self, column: str = "created_at") -> None:
        self.column = column

    def _set_parent(self, parent: Any, **_: Any) -> None:
        Index(
            f"ix_{parent.name}_current",
            parent.columns["tenant_id"],
            parent.columns[self.column].desc(),
            postgresql_where=text("deleted_at IS NULL"),
        )


def unique_where_given(table: str, *columns: str) -> Index:
    """Unique among the rows of a tenant that have the last of these columns."""
    return Index(
        f"uq_{table}_{columns[-1]}",
        "tenant_id",
        *columns,
        unique=True,
        postgresql_where=text(f"{columns[-1]} IS NOT NULL"),
    )
