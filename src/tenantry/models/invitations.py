"""How a person becomes a member of a tenant: invited by address, and by his own word.

Nobody is made a member by somebody else's: members see one another's profiles, and whether an id or an address belongs
to anybody is no tenant's business.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy
from tenantry.models.base import Base, TenantConfigScoped
from tenantry.models.columns import PLATFORM_WRITTEN, member
from tenantry.models.context import EVERYBODY
from tenantry.models.identity import TenantRole
from tenantry.models.roles import OWNER
from tenantry.models.routines import function
from tenantry.models.scopes import INVITATION


class TenantInvitation(TenantConfigScoped, Base):
    """An invitation to become a member of a tenant; its id is what the invited person is sent."""

    __tablename__ = "tenant_invitations"
    __scope__ = INVITATION

    email: Mapped[str] = mapped_column(comment="whom it is for, whether anybody has this address or not")
    role: Mapped[TenantRole] = mapped_column(server_default=TenantRole.MEMBER)
    invited_by: Mapped[UUID | None] = member(on_delete="set null", server_default=func.get_current_user_id())
    expires_at: Mapped[datetime] = mapped_column(server_default=text("now() + interval '14 days'"))
    accepted_at: Mapped[datetime | None] = mapped_column(info={PLATFORM_WRITTEN: True})

    __table_args__ = (
        Index(
            "uq_tenant_invitations_open",
            "tenant_id",
            func.lower(text("email")),
            unique=True,
            postgresql_where=text("accepted_at IS NULL"),
        ),
        Policy("functions", to=OWNER, using="true"),
    )


function(
    "accept_invitation",
    arguments="p_invitation_id uuid",
    returns="uuid",
    to=EVERYBODY,
    language="plpgsql",
    security="definer",
    comment="Makes the current user a member of the tenant that invited his address; returns the tenant.",
)
