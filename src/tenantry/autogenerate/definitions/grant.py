"""Privileges of one role on one object."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, owner_name, renamed, role_names


@dataclass(frozen=True)
class Grant(Definition):
    """Privileges on an object, as one GRANT states them; dropping it revokes exactly these.

    :param privileges: in lower case, in PostgreSQL's order.
    :param on: the object as GRANT names it: ``table orders``, ``function f(integer)``, ``schema public``.
    :param to: the roles.
    :param columns: the columns it is limited to.
    :param with_grant_option: whether the roles may grant it in turn.
    :param ours: whether the ledger remembers it; what somebody else granted is put back, and stays his.
    """

    kind = "grant"
    privileges: tuple[str, ...]
    _: KW_ONLY
    on: str
    to: tuple[str, ...]
    columns: tuple[str, ...] | None = None
    with_grant_option: bool = False
    ours: bool = True
    table: str | None = dataclasses.field(default=None, repr=False, compare=False)

    def to_drop(self) -> Self:
        """A REVOKE says as much as its GRANT."""
        return self

    @property
    def identity(self) -> str:  # noqa: D102
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        option = " with grant option" if self.with_grant_option else ""
        return f"{', '.join(self.privileges)}{columns} on {self.on} to {', '.join(self.to)}{option}"

    @property
    def _privileges(self) -> str:
        columns = f" ({sql.identifiers(self.columns)})" if self.columns else ""
        return ", ".join(f"{privilege.upper()}{columns}" for privilege in self.privileges)

    @property
    def _on(self) -> str:
        kind, _, name = self.on.partition(" ")
        return f"{kind.upper()} {name}"

    def belongs_to(self) -> str | None:  # noqa: D102
        return self.table

    def create(self) -> Sequence[Statement]:  # noqa: D102
        option = " WITH GRANT OPTION" if self.with_grant_option else ""
        return [Statement(f"GRANT {self._privileges} ON {self._on} TO {sql.roles(self.to)}{option}")]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [Statement(f"REVOKE {self._privileges} ON {self._on} FROM {sql.roles(self.to)}")]

    def ledger_entries(self) -> Sequence[tuple[str, str]]:  # noqa: D102
        if not self.ours:
            return []
        return [
            (self.kind, privilege_identity(privilege, column, self.on, role))
            for privilege in self.privileges
            for column in self.columns or ("",)
            for role in self.to
        ]

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.on, *role_names(self.to), owner_name(self.on)]

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, to=renamed(names, self.to))


def privilege_identity(privilege: str, column: str, on: str, role: str) -> str:
    """What the ledger calls one privilege of one role."""
    return f"{privilege}{f' ({column})' if column else ''} on {on} to {role}"
