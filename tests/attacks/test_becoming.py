"""Attempts to become somebody else: another tenant, another role, or the function that decides who one is."""

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from tests.attacks.conftest import Attacker

from tenantry.runtime.context import ContextKey

WHO = "SELECT get_current_tenant(), is_superadmin()"
LOOK = "SELECT * FROM ai_workflows"

ATTACKS = {
    "the superadmin's role": "SET ROLE tenantry_superadmin",
    "the owner's role": "SET ROLE tenantry_owner",
    "the role by a function": "SELECT set_config('role', 'tenantry_superadmin', false)",
    "no role": "RESET ROLE",
    "another session": "SET SESSION AUTHORIZATION tenantry_owner",
    "the session by a function": "SELECT set_config('session_authorization', 'tenantry_owner', false)",
    "the superadmin's mode": "SELECT enable_superadmin_mode()",
    "the other tenant entered": "SELECT set_tenant('{theirs}')",
    "the bare tenant": "SELECT set_config('tenantry.context', '{theirs}', false)",
    "no context": "SELECT set_config('tenantry.context', '', false)",
    "a setting of another system": "SET app.current_tenant = '{theirs}'; SET app.is_superadmin = 'true'",
    "a key of his own": "SELECT install_context_key('mine', decode(repeat('61', 32), 'hex'))",
    "a key written": "INSERT INTO context_keys (kid, inner_pad, outer_pad)"
    " SELECT 'mine', inner_pad, outer_pad FROM context_keys",
    "no keys": "SELECT remove_context_key(kid) FROM context_keys",
    "a signature": "SELECT context_signature('any', 'v1.any.{theirs}..99999999999')",
    "a function in a schema of his own": "CREATE SCHEMA thief",
    "a temporary function": "CREATE FUNCTION pg_temp.get_current_tenant() RETURNS uuid LANGUAGE sql AS"
    " $$SELECT '{theirs}'::uuid$$",
    "a temporary table": "CREATE TEMP TABLE tenant_users AS"
    " SELECT '{theirs}'::uuid AS tenant_id, '{me}'::uuid AS user_id,"
    " 'owner' AS role, NULL::timestamptz AS deactivated_at; SET search_path = pg_temp, public",
    "a temporary view": "CREATE TEMP VIEW context_keys AS"
    " SELECT 'k' AS kid, ''::bytea AS inner_pad, ''::bytea AS outer_pad",
    "another path": "SET search_path = pg_temp, pg_catalog, public",
    "an operator": "CREATE OPERATOR public.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = uuid_ne)",
    "a cast": "CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT",
    "a type": "CREATE DOMAIN public.uuid AS text",
    "a language": "CREATE EXTENSION plpython3u",
    "a module": "LOAD 'auth_delay'",
    "a time that is over": "SET statement_timeout = 1; SET timezone = 'Pacific/Kiritimati'",
    "another encoding": "SET client_encoding = 'SQL_ASCII'; SET standard_conforming_strings = off",
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_nobody_becomes_another(attacker: Attacker, attack: str) -> None:
    told = ATTACKS[attack].format_map(attacker.names)
    heist = attacker.run(*ATTACKS[attack].split("; "), WHO, LOOK)
    assert attacker.leaked(heist, told) == set()
    assert "True" not in str(attacker.run(*ATTACKS[attack].split("; "), "SELECT is_superadmin()"))


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_nobody_becomes_another_within_a_transaction(attacker: Attacker, attack: str) -> None:
    told = ATTACKS[attack].format_map(attacker.names)
    heist = attacker.run(f"BEGIN; {ATTACKS[attack]}; {LOOK}")
    assert attacker.leaked(heist, told) == set()


def forgeries(attacker: Attacker) -> dict[str, str]:
    """Tokens that were not signed for the other tenant."""
    mine, theirs = attacker.world.a.tenant_id, attacker.world.b.tenant_id
    owner = attacker.world.b.rows["users"][0]["id"]
    token = attacker.token
    version, kid, _, user, expiry, mac = token.split(".")
    return {
        "the tenant exchanged": token.replace(str(mine), str(theirs)),
        "the user exchanged": token.replace(user, str(owner)),
        "tenant and user exchanged": token.replace(str(mine), str(theirs)).replace(user, str(owner)),
        "the signature of another token": ".".join([version, kid, str(theirs), user, expiry, mac]),
        "signed with another key": ContextKey("z" * 32).token(theirs, owner),
        "signed with a guessed key": ContextKey("0" * 64).token(theirs, owner),
        "expired": attacker.world.key.token(theirs, owner, timedelta(seconds=-1)),
        "truncated": token[: len(token) // 2],
        "without a signature": token.rpartition(".")[0],
        "with an empty signature": token.rpartition(".")[0] + ".",
        "twice": f"{token}.{token}",
        "upper case": token.replace(str(mine), str(theirs)).upper(),
        "an empty key": f"v1..{theirs}.{owner}.{expiry}.{mac}",
        "NULL bytes": token.replace(str(mine), str(theirs)) + "\\000",
        "a list": f"v1.{kid}.{mine},{theirs}.{user}.{expiry}.{mac}",
        "SQL": f"v1.{kid}.{mine}' OR tenant_id = '{theirs}.{user}.{expiry}.{mac}",
        "the version before": "v0" + token.replace(str(mine), str(theirs))[2:],
        "a year of grace": ".".join([version, kid, str(theirs), user, str(int(expiry) + 31_536_000), mac]),
    }


FORGERIES = (
    "the tenant exchanged", "the user exchanged", "tenant and user exchanged", "the signature of another token",
    "signed with another key", "signed with a guessed key", "expired", "truncated", "without a signature",
    "with an empty signature", "twice", "upper case", "an empty key", "NULL bytes", "a list", "SQL",
    "the version before", "a year of grace",
)  # fmt: skip
ENTERING: dict[str, Callable[[str], list[str]]] = {
    "for the session": lambda token: [f"SELECT set_config('tenantry.context', $${token}$$, false)", LOOK],
    "within the query": lambda token: [f"{LOOK} WHERE set_config('tenantry.context', $${token}$$, true) IS NOT NULL"],
    "under a cursor": lambda token: [
        f"BEGIN; DECLARE c CURSOR FOR {LOOK}",
        f"SELECT set_config('tenantry.context', $${token}$$, true); FETCH ALL FROM c",
    ],
    "in a prepared plan": lambda token: [
        f"PREPARE p AS {LOOK}",
        *["EXECUTE p"] * 6,
        f"SELECT set_config('tenantry.context', $${token}$$, false)",
        "EXECUTE p",
    ],
}


@pytest.mark.parametrize("entering", list(ENTERING))
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_opens_nothing(attacker: Attacker, forgery: str, entering: str) -> None:
    token = forgeries(attacker)[forgery]
    escaped = [statement.replace("{", "{{").replace("}", "}}") for statement in ENTERING[entering](token)]
    assert attacker.leaked(attacker.run(*escaped), token) == set()


def test_a_plan_of_one_tenant_serves_another_its_own_rows(attacker: Attacker) -> None:
    """Prepared, used until the plan is generic, and used again in a context that is genuine."""
    token = attacker.world.key.token(attacker.world.b.tenant_id, None)
    switch = f"SELECT set_config('tenantry.context', '{token}', false)"
    names = {row["name"] for row in attacker.world.b.rows["ai_workflows"]}
    before = str(attacker.run("PREPARE p AS SELECT name FROM ai_workflows", *["EXECUTE p"] * 6))
    after = attacker.run("PREPARE p AS SELECT name FROM ai_workflows", *["EXECUTE p"] * 6, switch, "EXECUTE p").lines
    assert not any(name in before for name in names)
    assert {line[2:-3] for line in after[-len(names) :]} == names


def test_every_function_is_harmless(attacker: Attacker) -> None:
    """Called with the other tenant's ids wherever an argument will take one."""
    functions = attacker.as_superuser_all(
        "SELECT oid::regproc::text, proargtypes::regtype[]::text[] FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prokind = 'f' AND prorettype <> 'trigger'::regtype"
    )
    rows = attacker.fingerprint()
    values = {"uuid": ("theirs", "their_user", "their_product"), "text": ("their_slug", "their_email", "theirs")}
    for name, types in functions:
        for turn in range(3):
            arguments = [_argument(attacker, kind, values, turn) for kind in types]
            statement = f"SELECT * FROM {name}({', '.join(arguments)}) AS called"
            heist = attacker.run(statement.replace("{", "{{").replace("}", "}}"))
            assert attacker.leaked(heist, statement) == set(), statement
            assert attacker.fingerprint() == rows, statement


def _argument(attacker: Attacker, kind: str, values: Mapping[str, tuple[str, ...]], turn: int) -> str:
    plain = {"bigint": "1", "integer": "1", "numeric": "1", "boolean": "true", "jsonb": "'{}'", "inet": "'192.0.2.1'"}
    if kind in values:
        return f"'{attacker.names[values[kind][turn]]}'::{kind}"
    return f"{plain[kind]}::{kind}" if kind in plain else f"NULL::{kind}"


def test_nobody_meets_ids_of_others_by_chance(attacker: Attacker) -> None:
    """The ids in these attacks are real: rows of the other tenant are where they are said to be."""
    known = attacker.as_superuser(
        "SELECT count(*) FROM ai_workflows w JOIN products p USING (tenant_id)"
        f" WHERE w.id = '{attacker.names['their_workflow']}' AND p.id = '{attacker.names['their_product']}'"
    )
    assert known == 1
    assert uuid.UUID(attacker.names["theirs"]) == attacker.world.b.tenant_id
