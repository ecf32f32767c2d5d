"""Roles, which a whole cluster shares: what the login makes, not the owner of the objects.

One may be there already, made by somebody else: then it is used as it is and stays when the declaration goes. One that
another database uses too is neither dropped nor altered.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
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

_HERE = "(SELECT oid FROM pg_database WHERE datname = current_database())"

_SET_ELSEWHERE = f"""EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
      WHERE r.rolname = {{0}} AND s.setdatabase NOT IN (0, {_HERE}))"""

_USED = f"""(EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
      WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = {{0}}) OR {_SET_ELSEWHERE})"""

_USED_ELSEWHERE = f"""(EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
      WHERE d.refclassid = 'pg_authid'::regclass AND r.rolname = {{0}} AND {_HERE} <>
            CASE WHEN d.classid = 'pg_database'::regclass THEN d.objid WHEN d.dbid = 0 THEN {_HERE} ELSE d.dbid END)
      OR {_SET_ELSEWHERE})"""

_MEMBERSHIP = """EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname = {})"""

# PostgreSQL 15 has no column for INHERIT and SET.
_OPTION = """(SELECT bool_or(coalesce((to_jsonb(m) ->> '{1}')::boolean, {2})) = {2}
      FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname = {0})"""

_SETTING = """EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS value
      WHERE s.setrole = r.oid AND s.setdatabase = {} AND {})"""

_COLUMNS = {"ADMIN": "admin_option", "INHERIT": "inherit_option", "SET": "set_option"}


@dataclass(frozen=True)
class _Step:
    """One thing to alter, and the condition on ``pg_roles r`` that holds once it is.

    :param here: whether other databases of the cluster notice nothing.
    """

    sql: str
    done: str
    here: bool = False


@dataclass(frozen=True)
class Role(Definition):
    """A role.

    :param member_options: what is not as usual of its memberships, each as GRANT has it, with the group.
    :param database_settings: settings that its sessions begin with in this database.
    """

    kind = "role"
    remembered = False
    identifying = ("database_settings",)

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
    member_options: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    database_settings: tuple[tuple[str, str], ...] = ()
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
        known = f"{ledger.remembered(self.kind, self.name)} AND {self._exists}"
        resets = [self._in_database(f"RESET {name}") for name, _ in self.database_settings]
        body = [
            *([f"  IF {known} THEN", *(f"    {reset};" for reset in resets), "  END IF;"] if resets else []),
            f"  IF {known} AND NOT {_USED.format(self._literal)} THEN",
            f"    DROP ROLE {self._role};",
            "  END IF;",
            f"  {ledger.forget((self.kind, self.name))};",
        ]
        return [Statement(sql.block("\n".join(body)), as_login=True)]

    def replace(self, old: Self) -> Sequence[Statement]:
        """Somebody else's role stays as it is; where another database uses it too, somebody has to answer for that."""
        steps = self._steps(old)
        everywhere = [step for step in steps if not step.here]
        if not steps:
            return []
        by_hand = "; ".join(step.sql for step in everywhere)
        shared = sql.refusal(
            f"role {self.called or self.name} is used by another database of the cluster: altering it alters it there",
            f"If that is right, run this yourself and upgrade again: {by_hand}",
        )
        refused = f"    IF {_USED_ELSEWHERE.format(self._literal)} THEN {shared}; END IF;"
        body = [
            *self._unless_done(everywhere, refused),
            *self._unless_done([step for step in steps if step.here]),
        ]
        return [Statement(sql.block("\n".join(body)), as_login=True)]

    def _unless_done(self, steps: Sequence[_Step], *before: str) -> list[str]:
        conditions = " AND ".join(["r.rolname = " + self._literal, *(step.done for step in steps)])
        lines = [
            f"  IF {ledger.remembered(self.kind, self.name)}",
            f"     AND NOT EXISTS (SELECT FROM pg_roles r WHERE {conditions}) THEN",
            *before,
            *(f"    {step.sql};" for step in steps),
            "  END IF;",
        ]
        return lines if steps else []

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
        everywhere = self._set(old.settings, self.settings, here=False)
        return [*everywhere, *self._set(old.database_settings, self.database_settings, here=True)]

    def _set(self, before: Sequence[tuple[str, str]], after: Sequence[tuple[str, str]], *, here: bool) -> list[_Step]:
        where = _HERE if here else "0"
        steps = []
        for name in dict(before).keys() - dict(after).keys():
            gone = "NOT " + _SETTING.format(where, f"lower(value) LIKE {sql.literal(name + '=%')}")
            steps.append(_Step(self._altered(f"RESET {name}", here), gone, here))
        for name, value in dict(after).items():
            if dict(before).get(name) != value:
                there = _SETTING.format(where, f"value ILIKE {sql.literal(name + '=%')} AND {_has_value(value)}")
                written = value if name == "search_path" else sql.literal(value)
                steps.append(_Step(self._altered(f"SET {name} TO {written}", here), there, here))
        return sorted(steps, key=lambda step: step.sql)

    def _altered(self, action: str, here: bool) -> str:
        return self._in_database(action) if here else f"ALTER ROLE {self._role} {action}"

    def _in_database(self, action: str) -> str:
        """Alter the role for the database that this runs in, whatever it is called."""
        altered = f"ALTER ROLE {self._role} IN DATABASE ".replace("%", "%%") + "%I " + action.replace("%", "%%")
        return f"EXECUTE format({sql.literal(altered)}, current_database())"

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
            *(step for group in self.member_of for step in self._options(group, old)),
        ]

    def _membership(self, statement: str, negation: str, group: str) -> _Step:
        done = negation + _MEMBERSHIP.format(sql.literal(group))
        return _Step(statement.format(sql.identifier(group), self._role), done)

    def _options(self, group: str, old: "Role") -> Iterator[_Step]:
        """What a membership is to be in another way than before, or than it is by itself."""
        stays = group in old.member_of
        before, after = (dict(map(str.split, role.options_of(group))) for role in (old, self))
        usual = {"ADMIN": "FALSE", "SET": "TRUE", "INHERIT": str(self.inherit).upper()}
        for word, default in usual.items():
            value = after.get(word, default)
            inherited = word == "INHERIT" and stays and self.inherit != old.inherit
            if word in after and (not stays or before.get(word) != value):
                yield self._option(group, word, value)
            elif word not in after and (inherited or (stays and word in before)):
                yield self._option(group, word, value, everywhere=word == "ADMIN")

    def options_of(self, group: str) -> list[str]:
        """What is not as usual of one membership."""
        return [option for name, option in self.member_options if name == group]

    def _option(self, group: str, word: str, value: str, *, everywhere: bool = True) -> _Step:
        """PostgreSQL 15 knows of ADMIN alone; there INHERIT is the role's."""
        name = sql.identifier(group)
        statement = f"GRANT {name} TO {self._role} WITH {word} {value}"
        if word == "ADMIN":
            granted = f"GRANT {name} TO {self._role} WITH ADMIN OPTION"
            statement = granted if value == "TRUE" else f"REVOKE ADMIN OPTION FOR {name} FROM {self._role}"
        elif not everywhere:
            newer = "current_setting('server_version_num')::int >= 160000"
            statement = f"IF {newer} THEN EXECUTE {sql.literal(statement)}; END IF"
        done = _OPTION.format(sql.literal(group), _COLUMNS[word], value)
        return _Step(statement, done)

    def texts(self) -> Sequence[str]:  # noqa: D102
        return role_names(self.member_of)

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: D102
        options = tuple((names.get(group, group), option) for group, option in self.member_options)
        return dataclasses.replace(
            self, called=names.get(self.name), member_of=renamed(names, self.member_of), member_options=options
        )


def _has_value(value: str) -> str:
    return f"substr(value, strpos(value, '=') + 1) = {sql.literal(value)}"
