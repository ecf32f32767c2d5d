"""Rules about policies: what they let pass, and what they cost."""

import re
from collections.abc import Iterator

from tenantry.lint.condition import Looseness, Routine
from tenantry.lint.database import Database
from tenantry.lint.policy import Clause, Policy
from tenantry.lint.rule import Finder, Found, Rule, Severity

_REASONS = {
    Looseness.TRUE: "{} is true of every row of every tenant",
    Looseness.ELSEWHERE: "{} does not compare the column that says whose a row is",
    Looseness.BESIDE: "{} has an OR beside the tenant: either side lets a row pass, and neither is found by index",
    Looseness.SHARED: "{} lets every tenant write the rows that are no tenant's and that all of them read",
    Looseness.SETTING: "{} believes a setting that any SQL can set",
}


def _loose(looseness: Looseness) -> Finder:
    """Policies with a condition that is loose in one way, unless a restrictive policy makes up for it."""

    def find(database: Database) -> Iterator[Found]:
        guards = _guards(database)
        for policy in _let_in(database):
            for clause in policy.clauses:
                guarded = any(_covers(guard, policy, clause) for guard in guards.get(policy.relation, []))
                if looseness in clause.condition.looseness and not guarded and _harms(looseness, policy, clause):
                    yield Found(policy.on, _REASONS[looseness].format(clause.name))

    return find


def _harms(looseness: Looseness, policy: Policy, clause: Clause) -> bool:
    """Rows that are no tenant's may well be read by all."""
    return looseness is not Looseness.SHARED or policy.writes(clause)


def _guards(database: Database) -> dict[int, list[Policy]]:
    """By table, the policies that bind the application whatever a permissive one lets pass."""
    guards: dict[int, list[Policy]] = {}
    for policy in database.policies:
        if not policy.permissive and (0 in policy.roles or policy.roles >= set(database.application)):
            guards.setdefault(policy.relation, []).append(policy)
    return guards


def _let_in(database: Database) -> Iterator[Policy]:
    """The permissive policies of tables of tenants that count for the application."""
    for policy in database.policies:
        if policy.permissive and policy.key is not None and policy.roles & database.acting:
            yield policy


def _covers(guard: Policy, policy: Policy, clause: Clause) -> bool:
    if guard.command not in {"*", policy.command}:
        return False
    clauses = {guarding.name: guarding for guarding in guard.clauses}
    guarding = clauses.get(clause.name) or clauses.get("USING")
    return guarding is not None and guarding.condition.is_bound


def _without_check(database: Database) -> Iterator[Found]:
    written = {relation for (relation,) in database.rows(_WRITTEN)}
    for policy in _let_in(database):
        if policy.is_without_check and policy.relation in written:
            (using,) = policy.clauses
            reason = "has no WITH CHECK: what may be written follows from what may be read"
            yield Found(policy.on, reason, policy.alter("WITH CHECK", using.text))


_WRITTEN = "SELECT relation FROM reachable WHERE privileges && ARRAY['INSERT', 'UPDATE']"


def _calls_per_row(database: Database) -> Iterator[Found]:
    for policy in database.policies:
        if not policy.roles & database.acting:
            continue
        for clause in policy.clauses:
            called = {routine.call: routine for routine in clause.condition.calls_per_row}
            if called:
                names = ", ".join(f"{name}()" for name in sorted(called))
                reason = f"{clause.name} calls {names} for every row: say (SELECT ...), which is asked once a statement"
                yield Found(policy.on, reason, _selected(policy, clause, list(called.values())))


def _selected(policy: Policy, clause: Clause, routines: list[Routine]) -> str | None:
    """The clause with its calls without arguments in sub-selects; None if there is no such call."""
    text = clause.text
    for routine in routines:
        call = re.escape(f"{routine.call}()")
        text = re.sub(rf'(?<!SELECT )(?<![\w."$]){call}', lambda found: f"(SELECT {found[0]})", text)
    return None if text == clause.text else policy.alter(clause.name, text)


def _frozen_calls(database: Database) -> Iterator[Found]:
    calls: dict[str, Policy] = {}
    for policy in database.policies:
        for clause in policy.clauses:
            for routine in clause.condition.frozen_calls:
                calls.setdefault(routine.signature, policy)
    for signature, policy in sorted(calls.items()):
        reason = f"is IMMUTABLE and asked who the caller is, as by {policy.on}: a prepared plan keeps its first answer"
        yield Found(f"function {signature}", reason, f"ALTER FUNCTION {signature} STABLE;")


def _roles_named_in_guard(database: Database) -> Iterator[Found]:
    for policy in database.policies:
        if not policy.permissive and policy.roles & (database.acting - {0}) and 0 not in policy.roles:
            reason = "is restrictive TO a role that can take itself off the list: restrict PUBLIC"
            yield Found(policy.on, reason, f"ALTER POLICY {policy.on.removeprefix('policy ')} TO PUBLIC;")


def _plain_settings(database: Database) -> Iterator[Found]:
    by_setting: dict[str, list[str]] = {}
    for policy in _let_in(database):
        for clause in policy.clauses:
            for setting in clause.condition.settings_compared:
                by_setting.setdefault(setting, []).append(policy.on)
    for setting, called in sorted(by_setting.items()):
        reason = f"says whose rows are seen, as in {called[0]}, and any SQL can set it: compare with a verified context"
        yield Found(f"setting {setting}", reason)


RULES = (
    Rule(
        "policy-always-true",
        Severity.ERROR,
        "A policy that is true of every row",
        "Permissive policies are OR-ed: one that says true makes all others of its command pointless, and every"
        " tenant reads, or writes, every row.",
        _loose(Looseness.TRUE),
    ),
    Rule(
        "policy-without-tenant",
        Severity.ERROR,
        "A policy that does not ask whose a row is",
        "A condition on something else, such as being logged in or having a role, holds for the rows of all tenants."
        " In WITH CHECK it lets one plant rows in another tenant, or move rows there.",
        _loose(Looseness.ELSEWHERE),
    ),
    Rule(
        "policy-trusts-setting",
        Severity.ERROR,
        "A policy that believes a flag anybody can set",
        "Any SQL may call set_config(), also inside of one statement: an injected `set_config('app.is_admin', 'on',"
        " true)` opens all tenants. Make power a role, with a policy TO it.",
        _loose(Looseness.SETTING),
    ),
    Rule(
        "policy-shared-rows-writable",
        Severity.ERROR,
        "Shared rows that every tenant may write",
        "Rows without a tenant are meant to be read by all. Where the policy that shows them also writes, a tenant"
        " rewrites or deletes them, or publishes rows of its own to all others.",
        _loose(Looseness.SHARED),
    ),
    Rule(
        "policy-or-beside-tenant",
        Severity.WARNING,
        "A policy with an OR beside the tenant",
        "Whoever satisfies the other side leaves the tenant. And the index on the tenant is lost: a query of one"
        " tenant reads all rows, which is 20 to 10,000 times slower, for everybody. Give the exception a policy of"
        " its own, TO a role.",
        _loose(Looseness.BESIDE),
    ),
    Rule(
        "policy-without-check",
        Severity.WARNING,
        "A policy that writes without WITH CHECK",
        "PostgreSQL then takes USING. Whoever widens what may be read, say to shared rows, widens what may be written"
        " with it, and a row can be moved to wherever it is still seen.",
        _without_check,
    ),
    Rule(
        "policy-function-immutable",
        Severity.ERROR,
        "A context function declared IMMUTABLE",
        "PostgreSQL calls it once while planning. A prepared statement on a pooled connection then shows the second"
        " tenant the rows of the first.",
        _frozen_calls,
    ),
    Rule(
        "policy-restricts-role",
        Severity.WARNING,
        "A restrictive policy TO the role that it restricts",
        "`DROP OWNED BY CURRENT_USER` needs no privilege and, depending on the server's version, takes the role off"
        " the policy: the restriction is gone for good.",
        _roles_named_in_guard,
    ),
    Rule(
        "policy-calls-per-row",
        Severity.WARNING,
        "A policy that calls a function for every row",
        "A tenant's query costs a call for each row of all tenants: one that asks for much keeps the server from all"
        " others.",
        _calls_per_row,
    ),
    Rule(
        "context-unsigned",
        Severity.NOTE,
        "The tenant is taken from a plain setting",
        "SQL injected anywhere in the application sets the setting and is another tenant, in a single statement. A"
        " signed context, verified by a function, cannot be made by SQL.",
        _plain_settings,
    ),
)
