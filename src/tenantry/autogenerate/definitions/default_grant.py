"""Default privileges, and what they must not give."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, renamed, role_names


@dataclass(frozen=True)
class DefaultGrant(Definition):
    """Privileges on what a role creates from now on; dropping it revokes exactly these.

    :param on: tables, sequences, functions, types or schemas.
    :param for_role: the role that creates; the one that migrates, unless given.
    :param in_schema: the schema it is limited to.
    :param ours: whether the ledger remembers it.
    """

    kind = "default grant"
    privileges: tuple[str, ...]
    _: KW_ONLY
    on: str
    to: tuple[str, ...]
    for_role: str | None = None
    in_schema: str | None = None
    with_grant_option: bool = False
    ours: bool = True

    def to_drop(self) -> Self:
        """A REVOKE says as much as its GRANT."""
        return self

    @property
    def identity(self) -> str:  # noqa: D102
        option = " with grant option" if self.with_grant_option else ""
        place = default_place(self.on, self.for_role, self.in_schema)
        return f"{', '.join(self.privileges)} on {place} to {', '.join(self.to)}{option}"

    def _alter(self, action: str) -> Sequence[Statement]:
        for_role = f" FOR ROLE {sql.role(self.for_role)}" if self.for_role else ""
        in_schema = f" IN SCHEMA {sql.identifier(self.in_schema)}" if self.in_schema else ""
        return [Statement(f"ALTER DEFAULT PRIVILEGES{for_role}{in_schema} {action}")]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        option = " WITH GRANT OPTION" if self.with_grant_option else ""
        granted = f"{', '.join(self.privileges).upper()} ON {self.on.upper()} TO {sql.roles(self.to)}{option}"
        return self._alter(f"GRANT {granted}")

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        revoked = f"{', '.join(self.privileges).upper()} ON {self.on.upper()} FROM {sql.roles(self.to)}"
        return self._alter(f"REVOKE {revoked}")

    def ledger_entries(self) -> Sequence[tuple[str, str]]:  # noqa: D102
        place = default_place(self.on, self.for_role, self.in_schema)
        each = [f"{privilege} on {place} to {role}" for privilege in self.privileges for role in self.to]
        return [(self.kind, identity) for identity in each] if self.ours else []

    def texts(self) -> Sequence[str]:  # noqa: D102
        schema = [sql.identifier(self.in_schema)] if self.in_schema else []
        return [*schema, *role_names([*self.to, *([self.for_role] if self.for_role else [])])]

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        called = names.get(self.for_role, self.for_role) if self.for_role else None
        return dataclasses.replace(self, to=renamed(names, self.to), for_role=called)


def default_place(on: str, for_role: str | None, in_schema: str | None) -> str:
    """On what default privileges are: the kind of objects, of whom and where."""
    return f"{on}{f' of {for_role}' if for_role else ''}{f' in schema {in_schema}' if in_schema else ''}"


@dataclass(frozen=True)
class Withheld(Definition):
    """Privileges that default privileges would give on an object that is created, and nobody declared.

    They are taken away when the object is created; nothing ever gives them back.

    :param on: the object as GRANT names it.
    """

    kind = "withheld"
    remembered = False
    privileges: tuple[str, ...]
    _: KW_ONLY
    on: str
    to: tuple[str, ...]
    table: str | None = dataclasses.field(default=None, repr=False, compare=False)

    def to_drop(self) -> Self:
        """The other direction takes them away again."""
        return self

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{', '.join(self.privileges)} on {self.on} from {', '.join(self.to)}"

    def create(self) -> Sequence[Statement]:  # noqa: D102
        kind, _, name = self.on.partition(" ")
        privileges = ", ".join(self.privileges).upper()
        return [Statement(f"REVOKE {privileges} ON {kind.upper()} {name} FROM {sql.roles(self.to)}")]

    def drop(self) -> Sequence[Statement]:
        """The object goes, and with it whatever there was on it."""
        return []

    def belongs_to(self) -> str | None:  # noqa: D102
        return self.table

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.on, *role_names(self.to)]

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, to=renamed(names, self.to))
