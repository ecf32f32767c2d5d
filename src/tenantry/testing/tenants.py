"""A tenant for a test, with an owner."""

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import URL, NullPool

from tenantry.models import Base
from tenantry.runtime.tenancy import Tenancy, TenantSession
from tenantry.testing.rows import SampleRows

_TABLES = [Base.metadata.tables[name] for name in ("tenants", "users", "tenant_users")]


@dataclass(frozen=True)
class SampleTenant:
    """A tenant, and what its people do.

    :param id: the tenant.
    :param owner: the user who is its owner.
    """

    id: uuid.UUID
    owner: uuid.UUID
    tenancy: Tenancy
    database: URL

    @classmethod
    def made(cls, tenancy: Tenancy, database: URL) -> "SampleTenant":
        """A new one.

        :param database: as somebody who may make tenants.
        """
        rows = SampleRows(uuid.uuid4(), _TABLES)
        with sqlalchemy.create_engine(database, poolclass=NullPool).begin() as connection:
            rows.fill(connection)
            owner = rows.new_member(connection, "owner")
        return cls(rows.tenant_id, owner, tenancy, database)

    def session(self, user: uuid.UUID | None = None, **options: Any) -> TenantSession:
        """A session of one of its members, the owner unless said otherwise."""
        return self.tenancy.session(self.id, user or self.owner, **options)

    def begin(self, user: uuid.UUID | None = None, **options: Any) -> AbstractContextManager[TenantSession]:
        """A session of one of its members that commits at the end."""
        return self.tenancy.begin(self.id, user or self.owner, **options)

    def new_member(self, role: str = "member") -> uuid.UUID:
        """A new user with this role in the tenant: owner, admin, member or viewer."""
        rows = SampleRows(self.id, _TABLES)
        rows.rows["tenants"] = [{"id": self.id}]
        rows.rows["users"] = [{"id": self.owner}]
        with sqlalchemy.create_engine(self.database, poolclass=NullPool).begin() as connection:
            return rows.new_member(connection, role)
