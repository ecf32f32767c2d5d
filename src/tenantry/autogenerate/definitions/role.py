"""Roles, which a whole cluster shares: what the login makes, not the owner of the objects.

One may be there already, made by somebody else: then it is used as it is and stays when the declaration goes. One that
another database uses too is neither dropped nor altered.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate import ledger
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement, renamed, role_name, role_names

_ATTRIBUTES = {
    "login": ("LOGIN", "rolcanlogin"),
    "bypass_rls": ("BYPASSRLS", "rolbypassrls"),
    "create_db": ("CREATEDB", "rolcreatedb"),
    "create_role": ("CREATEROLE", "rolcreaterole"),
    "inherit": ("INHERIT", "rolinherit"),
    "replication": ("REPLICATION", "rolreplication"),
}

_USED = """EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
      WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = {})"""

_HERE = "(SELECT oid FROM pg_database WHERE datname = current_database())"

_USED_ELSEWHERE = f"""EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
      WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = {{}} AND {_HERE} <>
            CASE WHEN d.classid = 'pg_database'::regclass THEN d.objid WHEN d.dbid = 0 THEN {_HERE} ELSE d.dbid END)"""

_MEMBERSHIP = """EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname = {})"""

_SETTING = """EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS value
      WHERE s.setrole = r.oid AND s.setdatabase = 0 AND {})"""


@dataclass(frozen=True)
class _Step:
    """One thing to alter, and the condition on ``pg_roles r`` that holds once it is."""

    sql: str
    done: str


@dataclass(frozen=True)
class Role(Definition):
    """A role."""

    kind = "role"
    remembered = False

    name: str
    _: KW_ONLY
    login: bool = False
    bypass_rls: bool = False
    create_db: bool = False
    create_role: bool = False
    inherit: bool = True
    replication: bool = False
    connection_limit: int | None = None
    member_of: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    comment: str | None = None
    called: str | None = dataclasses.field(default=None, repr=False, compare=False)

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    @property
    def _role(self) -> str:
        return sql.identifier(self.called or self.name)

    @property
    def _literal(self) -> str:
        return sql.literal(self.called or self.name)

    @property
    def _exists(self) -> str:
        return f"EXISTS (SELECT FROM pg_roles WHERE rolname = {self._literal})"

    def provides(self) -> frozenset[str]:  # noqa: D102
        return frozenset({role_name(self.name)})

    def create(self) -> Sequence[Statement]:
        """Another database of the cluster may create the same role at the same instant."""
        steps = self._steps(Role(self.name))
        body = [
            f"  IF NOT {self._exists} THEN",
            f"    CREATE ROLE {self._role};",
            *(f"    {step.sql};" for step in steps),
            f"    {ledger.remember((self.kind, self.name))};",
            "  END IF;",
        ]
        taken = "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;\n"
        return [Statement(sql.block("\n".join(body), taken), as_login=True)]

    def drop(self) -> Sequence[Statement]:
        """What still stands in an ACL, a policy or an ownership anywhere in the cluster keeps the role."""
        body = (
            f"  IF {ledger.remembered(self.kind, self.name)} AND {self._exists}"
            f" AND NOT {_USED.format(self._literal)} THEN\n"
            f"    DROP ROLE {self._role};\n"
            "  END IF;\n"
            f"  {ledger.forget((self.kind, self.name))};"
        )
        return [Statement(sql.block(body), as_login=True)]

    def replace(self, old: Self) -> Sequence[Statement]:
        """Somebody else's role stays as it is; where another database uses it too, somebody has to answer for that."""
        steps = self._steps(old)
        if not steps:
            return []
        by_hand = "; ".join(step.sql for step in steps)
        shared = sql.refusal(
            f"role {self.called or self.name} is used by another database of the cluster: altering it alters it there",
            f"If that is right, run this yourself and upgrade again: {by_hand}",
        )
        conditions = " AND ".join(["r.rolname = " + self._literal, *(step.done for step in steps)])
        body = [
            f"  IF {ledger.remembered(self.kind, self.name)}",
            f"     AND NOT EXISTS (SELECT FROM pg_roles r WHERE {conditions}) THEN",
            f"    IF {_USED_ELSEWHERE.format(self._literal)} THEN {shared}; END IF;",
            *(f"    {step.sql};" for step in steps),
            "  END IF;",
        ]
        return [Statement(sql.block("\n".join(body)), as_login=True)]

    def _steps(self, old: "Role") -> list[_Step]:
        return [*self._attributes(old), *self._settings(old), *self._comments(old), *self._memberships(old)]

    def _attributes(self, old: "Role") -> list[_Step]:
        """Only what changes: some attributes may not even be named by everybody."""
        words, done = [], []
        for name, (word, column) in _ATTRIBUTES.items():
            value = getattr(self, name)
            if value != getattr(old, name):
                words.append(word if value else f"NO{word}")
                done.append(f"r.{column} = {value}")
        if self.connection_limit != old.connection_limit:
            limit = -1 if self.connection_limit is None else self.connection_limit
            words.append(f"CONNECTION LIMIT {limit}")
            done.append(f"r.rolconnlimit = {limit}")
        return [_Step(f"ALTER ROLE {self._role} {' '.join(words)}", " AND ".join(done))] if words else []

    def _settings(self, old: "Role") -> list[_Step]:
        before, after = dict(old.settings), dict(self.settings)
        steps = []
        for name in before.keys() - after.keys():
            gone = "NOT " + _SETTING.format(f"lower(value) LIKE {sql.literal(name + '=%')}")
            steps.append(_Step(f"ALTER ROLE {self._role} RESET {name}", gone))
        for name, value in after.items():
            if before.get(name) != value:
                there = _SETTING.format(f"value ILIKE {sql.literal(name + '=%')} AND {_has_value(value)}")
                written = value if name == "search_path" else sql.literal(value)
                steps.append(_Step(f"ALTER ROLE {self._role} SET {name} TO {written}", there))
        return sorted(steps, key=lambda step: step.sql)

    def _comments(self, old: "Role") -> list[_Step]:
        if self.comment == old.comment:
            return []
        done = f"shobj_description(r.oid, 'pg_authid') IS NOT DISTINCT FROM {sql.literal(self.comment)}"
        return [_Step(sql.comment_on(f"ROLE {self._role}", self.comment), done)]

    def _memberships(self, old: "Role") -> list[_Step]:
        gone = [group for group in old.member_of if group not in self.member_of]
        new = [group for group in self.member_of if group not in old.member_of]
        return [
            *(self._membership("REVOKE {} FROM {}", "NOT ", group) for group in gone),
            *(self._membership("GRANT {} TO {}", "", group) for group in new),
        ]

    def _membership(self, statement: str, negation: str, group: str) -> _Step:
        done = negation + _MEMBERSHIP.format(sql.literal(group))
        return _Step(statement.format(sql.identifier(group), self._role), done)

    def texts(self) -> Sequence[str]:  # noqa: D102
        return role_names(self.member_of)

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        return dataclasses.replace(self, called=names.get(self.name), member_of=renamed(names, self.member_of))


def _has_value(value: str) -> str:
    return f"substr(value, strpos(value, '=') + 1) = {sql.literal(value)}"
