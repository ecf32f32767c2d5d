"""The base of every model, and one mixin a scope.

A table says whose rows it holds by the mixin it inherits from, and gets all that this entails: the tenant column, the
composite key, row security enabled and forced, policies, grants, the updated_at trigger, foreign keys with their
indexes, CHECKs for enumerations, and its docstring as comment. What a class says in its own ``__table_args__`` goes
before: a policy or trigger of the same name, a ``RowSecurity``, any ``Grant`` (then the class grants all itself).
"""

import inspect
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, MetaData, Table, func
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from tenantry.ddl import NAMING_CONVENTION, DeclarationError
from tenantry.models import scopes
from tenantry.models.auditing import audit
from tenantry.models.columns import TYPES, CreatedAt, Id, UpdatedAt, member
from tenantry.models.completion import complete
from tenantry.models.scopes import Scope, Writer


class Base(DeclarativeBase):
    """The declarative base; a class inherits from it and from the mixin of its scope."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map = TYPES
    # what the database fills in comes back with the INSERT or UPDATE itself, also where lazy loading is impossible
    __mapper_args__: Any = {"eager_defaults": True}  # noqa: RUF012

    #: whose rows these are; the scope's mixin sets it
    __scope__: ClassVar[Scope | None] = None
    #: who writes them: the application, only functions, or only the superadmin
    __written_by__: ClassVar[Writer] = "application"
    __append_only__: ClassVar[bool] = False
    #: whether changes of its rows go into the audit log; those of append-only rows are the rows themselves
    __audited__: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        table = cls.__dict__.get("__table__")
        if not isinstance(table, Table):
            return
        if cls.__scope__ is None:
            msg = f"{cls.__name__}: say whose rows these are: inherit from TenantScoped or another scope of this module"
            raise DeclarationError(msg)
        if table.comment is None and cls.__doc__:
            table.comment = " ".join(inspect.cleandoc(cls.__doc__).split("\n\n")[0].split())
        complete(table, cls.__scope__, cls.__written_by__, cls.__append_only__)
        if cls.__audited__ and not cls.__append_only__:
            audit(table)


class Record:
    """What every row has: a time-ordered id, and when it was made and changed."""

    id: Mapped[Id]
    created_at: Mapped[CreatedAt]

    if TYPE_CHECKING:
        updated_at: Mapped[UpdatedAt]
    else:

        @declared_attr
        def updated_at(cls) -> Mapped[UpdatedAt]:  # noqa: N805
            """When the row changed; one that never does has no such column."""
            return None if cls.__append_only__ else mapped_column()


class AppendOnly:
    """Rows that nobody updates or deletes, ever; stands first among the base classes."""

    __append_only__: ClassVar[bool] = True


class Audited:
    """Rows whose changes are written into the audit log: by whom, in which tenant, the old values and the new."""

    __audited__: ClassVar[bool] = True


class TenantOwned(Record):
    """Rows of one tenant, with the key (tenant_id, id); the scopes below say which of its members touch them."""

    @declared_attr
    @classmethod
    def tenant_id(cls) -> Mapped[UUID]:
        """The tenant that owns the row; the current one unless the superadmin says otherwise."""
        append_only = getattr(cls, "__append_only__", False)
        return mapped_column(
            ForeignKey("tenants.id", ondelete=None if append_only else "CASCADE"),
            primary_key=True,
            server_default=func.get_current_tenant(),
            sort_order=-20,
        )


class TenantScoped(TenantOwned):
    """Every member of the tenant works with these rows; a viewer reads only."""

    __scope__: ClassVar[Scope | None] = scopes.TENANT


class TenantConfigScoped(Audited, TenantOwned):
    """Every member of the tenant reads these rows; its owners and admins write them, and each change is audited."""

    __scope__: ClassVar[Scope | None] = scopes.TENANT_CONFIG


class TenantAdminScoped(TenantOwned):
    """Only the owners and admins of the tenant see these rows."""

    __scope__: ClassVar[Scope | None] = scopes.TENANT_ADMIN


class TenantUserScoped(TenantOwned):
    """Rows of one member of the tenant, who sees his own; owners and admins see all of the tenant's."""

    __scope__: ClassVar[Scope | None] = scopes.TENANT_USER

    user_id: Mapped[UUID] = member(server_default=func.get_current_user_id(), sort_order=-5)


class UserScoped(Record):
    """Rows of one person, whatever the tenant."""

    __scope__: ClassVar[Scope | None] = scopes.USER

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), server_default=func.get_current_user_id(), index=True, sort_order=-5
    )


class PersonScoped(Record):
    """The people themselves: each changes his own row, and sees those of his fellow members."""

    __scope__: ClassVar[Scope | None] = scopes.PERSON


class CatalogScoped(Record):
    """Reference data of the whole platform: everyone reads, the superadmin writes."""

    __scope__: ClassVar[Scope | None] = scopes.CATALOG


class PlatformScoped(Record):
    """Only the superadmin sees these rows."""

    __scope__: ClassVar[Scope | None] = scopes.PLATFORM


class RootScoped(Record):
    """The tenants themselves: members read theirs, owners and admins change it."""

    __scope__: ClassVar[Scope | None] = scopes.ROOT
