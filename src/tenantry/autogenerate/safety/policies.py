"""Rules about row security: that it holds, and that nobody writes what he would not see."""

from collections.abc import Iterator

from tenantry import ddl
from tenantry.autogenerate.safety.conjuncts import conjuncts, follows
from tenantry.autogenerate.safety.declaration import Declaration, Finding

_PUBLIC = frozenset({"public"})
_SEES, _WRITES = {"select", "all"}, {"insert", "update", "all"}
_FINDS = {"update", "delete", "all"}


def row_security(declaration: Declaration) -> Iterator[Finding]:
    """A table of tenants has row security, enabled and forced."""
    for table in declaration.tenant_tables:
        declared = ddl.declared(table, ddl.RowSecurity)
        if not declared or not all(security.enabled for security in declared):
            yield Finding("row-security", table, "belongs to tenants but has no row security: add RowSecurity()")
        elif not all(security.force for security in declared):
            yield Finding("row-security", table, "row security does not bind the owner: set force=True")


def write_beyond_read(declaration: Declaration) -> Iterator[Finding]:
    """Whoever may write a row, or find it to change or delete it, is shown it as well."""
    for table in declaration.tenant_tables:
        policies = ddl.declared(table, ddl.Policy)
        for policy in policies:
            if not policy.restrictive and policy.command != "select":
                yield from (
                    Finding("write-beyond-read", table, reason, policy.name)
                    for clause, reason in _CLAUSES.items()
                    if policy.command in _COMMANDS[clause] and not _shown(policy, clause, policies)
                )


_CLAUSES = {
    "with_check": "lets rows be written that no policy for select shows: repeat its condition in with_check",
    "using": "lets rows be changed or deleted that no policy for select shows: repeat its condition in using",
}
_COMMANDS = {"with_check": _WRITES, "using": _FINDS}


def _shown(policy: ddl.Policy, clause: str, policies: list[ddl.Policy]) -> bool:
    """Whether each role is shown, by some permissive policy and all restrictive ones, what this one lets it write."""
    return all(_shown_to(role, policy, clause, policies) for role in _roles(policy))


def _shown_to(role: str, policy: ddl.Policy, clause: str, policies: list[ddl.Policy]) -> bool:
    here = [other for other in policies if _roles(other) & {role, "public"}]
    floors = [other for other in here if other.restrictive and other.command in {policy.command, "all"}]
    asked = frozenset().union(*(conjuncts(_condition(item, clause)) for item in (policy, *floors)))
    readers = [other for other in here if other.command in _SEES and other.using is not None]
    permissive = [reader for reader in readers if not reader.restrictive]
    restrictive = [other for other in policies if other.restrictive and other.command in _SEES]
    return any(follows(_condition(reader, "using"), asked) for reader in permissive) and all(
        follows(_condition(other, "using"), asked) for other in restrictive if _may_bind(other, role)
    )


def _may_bind(policy: ddl.Policy, role: str) -> bool:
    return role == "public" or bool(_roles(policy) & {role, "public"})


def _roles(policy: ddl.Policy) -> frozenset[str]:
    roles = frozenset("public" if role.lower() == "public" else role for role in policy.to)
    return _PUBLIC if not roles or "public" in roles else roles


def _condition(policy: ddl.Policy, clause: str) -> str:
    """What a clause asks; left out, WITH CHECK is USING, and nothing is asked where neither is said."""
    said = policy.using if clause == "using" or policy.with_check is None else policy.with_check
    return "true" if said is None else ddl.sql_text(said)
