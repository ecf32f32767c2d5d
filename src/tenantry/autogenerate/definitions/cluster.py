"""Roles and extensions: what the login makes, not the owner of the objects.

Both may be there already, made by somebody else: then they are used as they are and stay when the declaration goes.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate import ledger
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, renamed, role_name, role_names


def _block(body: str, on_exception: str = "") -> Statement:
    return Statement(f"DO {sql.dollar_quoted(f'BEGIN{chr(10)}{body}{chr(10)}{on_exception}END')}", as_login=True)


@dataclass(frozen=True)
class Role(Definition):
    """A role, which a whole cluster shares."""

    kind = "role"
    remembered = False

    name: str
    _: KW_ONLY
    login: bool = False
    bypass_rls: bool = False
    member_of: tuple[str, ...] = ()
    comment: str | None = None
    called: str | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    @property
    def _role(self) -> str:
        return sql.identifier(self.called or self.name)

    @property
    def _exists(self) -> str:
        return f"EXISTS (SELECT FROM pg_roles WHERE rolname = {sql.literal(self.called or self.name)})"

    @property
    def _attributes(self) -> str:
        return f"{'LOGIN' if self.login else 'NOLOGIN'} {'BYPASSRLS' if self.bypass_rls else 'NOBYPASSRLS'}"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({role_name(self.name)})

    def create(self) -> Sequence[Statement]:
        """Another database of the cluster may create the same role at the same instant."""
        body = (
            f"  IF NOT {self._exists} THEN\n"
            f"    CREATE ROLE {self._role} {self._attributes};\n"
            f"    {sql.comment_on(f'ROLE {self._role}', self.comment)};\n"
            f"    {ledger.remember((self.kind, self.name))};\n"
            "  END IF;"
        )
        taken = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\n"
        return [_block(body, taken), *self._memberships("GRANT {} TO {}", self.member_of)]

    def _memberships(self, statement: str, groups: Sequence[str]) -> list[Statement]:
        return [Statement(statement.format(sql.identifier(group), self._role), as_login=True) for group in groups]

    def drop(self) -> Sequence[Statement]:
        """What still stands in an ACL, a policy or an ownership anywhere in the cluster keeps the role."""
        unused = (
            "NOT EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
            f" WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = {sql.literal(self.called or self.name)})"
        )
        body = (
            f"  IF {ledger.remembered(self.kind, self.name)} AND {self._exists} AND {unused} THEN\n"
            f"    DROP ROLE {self._role};\n"
            "  END IF;\n"
            f"  {ledger.forget((self.kind, self.name))};"
        )
        return [_block(body)]

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        statements = []
        if self._attributes != old._attributes:
            statements.append(Statement(f"ALTER ROLE {self._role} {self._attributes}", as_login=True))
        if self.comment != old.comment:
            statements.append(Statement(sql.comment_on(f"ROLE {self._role}", self.comment), as_login=True))
        gone = [group for group in old.member_of if group not in self.member_of]
        new = [group for group in self.member_of if group not in old.member_of]
        return [
            *statements,
            *self._memberships("REVOKE {} FROM {}", gone),
            *self._memberships("GRANT {} TO {}", new),
        ]

    def texts(self) -> Sequence[str]:  # noqa: D102
        return role_names(self.member_of)

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, called=names.get(self.name), member_of=renamed(names, self.member_of))


@dataclass(frozen=True)
class Extension(Definition):
    """An extension."""

    kind = "extension"
    remembered = False

    name: str
    _: KW_ONLY
    schema: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    @property
    def _exists(self) -> str:
        return f"EXISTS (SELECT FROM pg_extension WHERE extname = {sql.literal(self.name)})"

    def create(self) -> Sequence[Statement]:  # noqa: D102
        schema = f" SCHEMA {sql.identifier(self.schema)}" if self.schema else ""
        body = (
            f"  IF NOT {self._exists} THEN\n"
            f"    CREATE EXTENSION {sql.identifier(self.name)}{schema};\n"
            f"    {ledger.remember((self.kind, self.name))};\n"
            "  END IF;"
        )
        return [_block(body)]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        body = (
            f"  IF {ledger.remembered(self.kind, self.name)} AND {self._exists} THEN\n"
            f"    DROP EXTENSION {sql.identifier(self.name)};\n"
            "  END IF;\n"
            f"  {ledger.forget((self.kind, self.name))};"
        )
        return [_block(body)]

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: ARG002, D102
        schema = sql.identifier(self.schema or "public")
        return [Statement(f"ALTER EXTENSION {sql.identifier(self.name)} SET SCHEMA {schema}", as_login=True)]
