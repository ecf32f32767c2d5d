"""Holes, planted one by one: each is found by the rule meant for it alone, and its fix mends it."""

import pytest
from sqlalchemy import Connection
from tests.lint.conftest import look, run, told
from tests.lint.holes import HOLES, WELL, Hole
from tests.support.servers import Server

from tenantry.lint import RULES, Database, Scope
from tenantry.lint.server import outdated


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: f"{hole.rule}-{hole.on}")
def test_it_is_found_by_its_rule_alone_and_mended_by_its_fix(safe: Connection, hole: Hole) -> None:
    run(safe, "RESET ROLE; CREATE ROLE lint_support; SET ROLE lint_owner")
    run(safe, hole.sql)
    findings = look(safe)
    assert told(findings) == {(hole.rule, hole.on)} | hole.also
    fixes = [finding.found.fix for finding in findings if finding.found.fix]
    run(safe, f"RESET ROLE; {' '.join(fixes).replace('CONCURRENTLY', '')}")
    database = Database(safe, Scope())
    mended = {finding.rule for finding in findings if finding.found.fix}
    assert [found for rule in mended for found in rule.find(database)] == [], fixes


NEWER = (
    Hole(
        "tenant-column-nullable",
        "column app.prices.tenant_id",
        "CREATE TABLE prices (tenant_id uuid, id uuid, UNIQUE (tenant_id, id));"
        f" ALTER TABLE prices ADD CONSTRAINT known NOT NULL tenant_id NOT VALID; {WELL.format('prices')}",
    ),
    Hole(
        "foreign-key-not-validated",
        "constraint lines_order on app.lines",
        "ALTER TABLE lines ALTER CONSTRAINT lines_order NOT ENFORCED",
    ),
)


@pytest.mark.parametrize("hole", NEWER, ids=lambda hole: f"{hole.rule}-{hole.on}")
def test_holes_that_older_servers_cannot_have(server: Server, safe: Connection, hole: Hole) -> None:
    if server.major < 18:
        pytest.skip("of PostgreSQL 18 on")
    test_it_is_found_by_its_rule_alone_and_mended_by_its_fix(safe, hole)


def test_an_application_that_logs_in_as_the_owner(safe: Connection) -> None:
    run(safe, "RESET ROLE; DROP OWNED BY lint_app; ALTER ROLE lint_owner LOGIN")
    assert ("role-owns", "role lint_owner") in told(look(safe, Scope(usual_roles=("lint_app",))))


def test_the_usual_role_is_the_application_where_it_is_granted_anything(safe: Connection) -> None:
    run(safe, "CREATE VIEW v AS SELECT * FROM orders; RESET ROLE; CREATE ROLE lint_support")
    run(safe, "GRANT SELECT ON app.orders, app.v TO lint_support")
    assert told(look(safe)) == {("view-as-owner", "view app.v")}
    assert told(look(safe, Scope(usual_roles=("lint_app",)))) == set()
    assert told(look(safe, Scope(roles=("lint_support",)))) == {("view-as-owner", "view app.v")}


def test_every_rule_has_its_hole() -> None:
    elsewhere = {"server-outdated", "database-temporary"}
    assert {hole.rule for hole in HOLES} == {rule.name for rule in RULES} - elsewhere


def test_temporary_tables_are_a_privilege_of_the_database(safe: Connection) -> None:
    database = safe.engine.url.database
    run(safe, f'RESET ROLE; GRANT TEMPORARY ON DATABASE "{database}" TO PUBLIC')
    (finding,) = look(safe)
    assert (finding.rule.name, finding.found.on) == ("database-temporary", f"database {database}")
    assert finding.found.fix is not None
    run(safe, finding.found.fix)
    assert look(safe) == []


@pytest.mark.parametrize(
    ("version", "release"),
    [
        (150013, "15.14"),
        (150014, None),
        (160009, "16.10"),
        (170005, "17.6"),
        (180000, None),
        (190000, None),
        (120022, "17.6"),
    ],
)
def test_servers_before_a_known_gap_was_mended(version: int, release: str | None) -> None:
    assert outdated(version) == release
