"""A catalogue: everything a database holds, or a declaration wants, in one comparable form."""

from dataclasses import dataclass, field

from tenantry.autogenerate.definitions import Definition, Owner
from tenantry.autogenerate.definitions.default_grant import default_place
from tenantry.autogenerate.definitions.grant import privilege_identity

Key = tuple[str, str]


@dataclass(frozen=True, order=True)
class Privilege:
    """One privilege of one role on one object, or one column of it: the atom that grants are compared by.

    :param on: the object as GRANT names it.
    :param grantable: whether the role may grant it in turn.
    :param table: the table that brings the privilege with it, if it is one.
    """

    on: str
    role: str
    privilege: str
    column: str = ""
    grantable: bool = False
    table: str | None = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """What the ledger calls it."""
        return privilege_identity(self.privilege, self.column, self.on, self.role)


@dataclass(frozen=True, order=True)
class DefaultPrivilege:
    """One privilege of one role on what another creates from now on.

    :param for_role: who creates; empty is the role that migrates.
    :param in_schema: where; empty is everywhere.
    """

    on: str
    for_role: str
    in_schema: str
    role: str
    privilege: str
    grantable: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """What all declarations of the same place are the whole of."""
        return self.on, self.for_role, self.in_schema

    @property
    def identity(self) -> str:
        """What the ledger calls it."""
        return f"{self.privilege} on {default_place(*self.place)} to {self.role}"


@dataclass
class Catalogue:
    """Definitions by kind and identity, privileges, and owners.

    :ivar owners: by object as GRANT names it, where the owner is not the role that migrates.
    """

    definitions: dict[Key, Definition] = field(default_factory=dict)
    privileges: set[Privilege] = field(default_factory=set)
    owners: dict[str, Owner] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        """Enter a definition."""
        self.definitions[definition.kind, definition.identity] = definition


@dataclass(frozen=True)
class Declared:
    """A declared object: as it was declared, as a revision writes it, and as PostgreSQL prints it."""

    declared: Definition
    written: Definition
    printed: Definition
