"""Whose rows these are: each scope's policies and privileges, made in one place.

A policy never begins with an OR: ``tenant_id = (SELECT ...)`` comes first, AND-ed with the rest, so that PostgreSQL
finds a tenant's rows by index and asks each question about the caller once a statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from sqlalchemy import Table

from tenantry.ddl import Grant, Policy
from tenantry.models.columns import PLATFORM_WRITTEN, SECRET
from tenantry.models.roles import APPLICATION, OWNER, SUPERADMIN

Writer = Literal["application", "functions", "superadmin"]
Privileges = tuple[str, ...]

READ: Final[Privileges] = ("select",)
APPEND: Final[Privileges] = ("select", "insert")
WRITE: Final[Privileges] = ("select", "insert", "update", "delete")

CURRENT_USER: Final = "(SELECT get_current_user_id())"
IN_TENANT: Final = "tenant_id = (SELECT get_current_tenant())"
IS_WRITER: Final = "(SELECT is_tenant_writer())"
IS_ADMIN: Final = "(SELECT is_tenant_admin())"
IS_OWNER: Final = "(SELECT is_tenant_owner())"
IS_SUPERADMIN: Final = "(SELECT is_superadmin())"


@dataclass(frozen=True)
class Scope:
    """Who reads and who writes the rows of a table.

    :param name: what its policies' names begin with.
    :param read: condition on the rows that are seen; None is no row.
    :param write: condition on the rows that are written; None is no row.
    :param application: privileges of the application's role.
    :param superadmin: privileges of the superadmin's role.
    :param owner: the columns that say whose row it is, which nobody updates: rows do not move.
    """

    name: str
    read: str | None = None
    write: str | None = None
    application: Privileges = WRITE
    superadmin: Privileges = WRITE
    owner: tuple[str, ...] = ("tenant_id",)

    def policies(self) -> Iterator[Policy]:
        """One policy a command TO PUBLIC, since grants decide who comes this far; and the superadmin's own."""
        if self.read is not None:
            yield Policy(f"{self.name}_read", command="select", using=self.read)
        if self.write is not None:
            if "insert" in self.application:
                yield Policy(f"{self.name}_insert", command="insert", with_check=self.write)
            if "update" in self.application:
                yield Policy(f"{self.name}_update", command="update", using=self.write, with_check=self.write)
            if "delete" in self.application:
                yield Policy(f"{self.name}_delete", command="delete", using=self.write)
        # the owner for migrations; its SECURITY DEFINER functions get no more than whoever calls them
        yield Policy("superadmin", to=(SUPERADMIN, OWNER), using=IS_SUPERADMIN, with_check=IS_SUPERADMIN)

    def grants(self, table: Table, written_by: Writer, append_only: bool) -> Iterator[Grant]:
        """Privileges of both roles, as far as the table is written by them at all."""
        limit = APPEND if append_only else WRITE
        application = _within(self.application, limit if written_by == "application" else READ)
        superadmin = _within(self.superadmin, limit if written_by != "functions" else READ)
        for privilege in WRITE:
            columns = {
                APPLICATION: self._columns(table, privilege, withheld=(SECRET, PLATFORM_WRITTEN)),
                SUPERADMIN: self._columns(table, privilege, withheld=()),
            }
            to = [role for role, held in ((APPLICATION, application), (SUPERADMIN, superadmin)) if privilege in held]
            if len(to) > 1 and columns[APPLICATION] == columns[SUPERADMIN]:
                yield Grant(privilege, to=to, columns=columns[APPLICATION])
            else:
                yield from (Grant(privilege, to=role, columns=columns[role]) for role in to)

    def _columns(self, table: Table, privilege: str, withheld: tuple[str, ...]) -> Privileges | None:
        """The columns a privilege is limited to; None is the whole table."""
        if privilege == "delete":
            return None
        mark = SECRET if privilege == "select" else PLATFORM_WRITTEN
        columns = [column for column in table.columns if not (mark in withheld and column.info.get(mark))]
        if privilege == "update":
            fixed = {*self.owner, "created_at", "updated_at"}
            return tuple(column.name for column in columns if not column.primary_key and column.name not in fixed)
        return None if len(columns) == len(table.columns) else tuple(column.name for column in columns)


@dataclass(frozen=True)
class OwnerOnly(Scope):
    """Rows that only functions of the owner touch, whoever calls them."""

    application: Privileges = ()
    superadmin: Privileges = ()

    def policies(self) -> Iterator[Policy]:
        """No grant lets anybody else come this far; the policy says so once more."""
        yield Policy("owner", to=OWNER, using="true", with_check="true")


ROOT: Final = Scope(
    "tenant",
    read="id = (SELECT get_current_tenant())",
    write=f"id = (SELECT get_current_tenant()) AND {IS_ADMIN}",
    application=("select", "update"),
)
TENANT: Final = Scope("tenant", read=IN_TENANT, write=f"{IN_TENANT} AND {IS_WRITER}")
TENANT_CONFIG: Final = Scope("tenant", read=IN_TENANT, write=f"{IN_TENANT} AND {IS_ADMIN}")
TENANT_USER: Final = Scope(
    "tenant",
    read=f"{IN_TENANT} AND (user_id = {CURRENT_USER} OR {IS_ADMIN})",
    write=f"{IN_TENANT} AND {IS_WRITER} AND (user_id = {CURRENT_USER} OR {IS_ADMIN})",
    owner=("tenant_id", "user_id"),
)
TENANT_ADMIN: Final = Scope("tenant", read=f"{IN_TENANT} AND {IS_ADMIN}", write=f"{IN_TENANT} AND {IS_ADMIN}")
INVITATION: Final = Scope(
    # an admin neither makes, changes nor removes an owner
    "tenant",
    read=IN_TENANT,
    write=f"{IN_TENANT} AND {IS_ADMIN} AND (role <> 'owner' OR {IS_OWNER})",
)
MEMBERSHIP: Final = replace(
    # nobody becomes a member by another's word
    INVITATION,
    application=("select", "update", "delete"),
    owner=("tenant_id", "user_id"),
)
PERSON: Final = Scope(
    "user",
    read="id = ANY ((SELECT get_known_user_ids())::uuid[])",
    write=f"id = {CURRENT_USER}",
    application=("select", "insert", "update"),
)
USER: Final = Scope("user", read=f"user_id = {CURRENT_USER}", write=f"user_id = {CURRENT_USER}", owner=("user_id",))
CATALOG: Final = Scope("everyone", read="true", application=READ)
PLATFORM: Final = Scope("platform", application=())
OWNER_ONLY: Final = OwnerOnly("owner")


def read_by_functions() -> Policy:
    """Lets functions of the owner find a row by what they are asked; what they tell of it is theirs to limit."""
    return Policy("functions", command="select", to=OWNER, using="true")


def _within(privileges: Privileges, limit: Privileges) -> Privileges:
    return tuple(privilege for privilege in privileges if privilege in limit)
