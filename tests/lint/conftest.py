"""A small database in which all is well, and a look at it that leaves nothing behind."""

from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import URL, Connection, NullPool
from tests.support.databases import fresh_database
from tests.support.servers import Server

from tenantry.lint import Database, Finding, Scope, lint

SAFE = """
CREATE ROLE lint_owner;
CREATE ROLE lint_app;
CREATE ROLE lint_login LOGIN;
GRANT lint_app TO lint_login;
CREATE SCHEMA app AUTHORIZATION lint_owner;
SET LOCAL ROLE lint_owner;
SET LOCAL search_path = app, pg_catalog;
GRANT USAGE ON SCHEMA app TO lint_app;

CREATE FUNCTION context() RETURNS uuid STABLE SECURITY DEFINER SET search_path = '' LANGUAGE sql AS 'SELECT NULL::uuid';
REVOKE EXECUTE ON FUNCTION context() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION context() TO lint_app;

CREATE TABLE tenants (id uuid PRIMARY KEY, name text);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (id = (SELECT context())) WITH CHECK (id = (SELECT context()));
GRANT SELECT ON tenants TO lint_app;

CREATE TABLE countries (code text PRIMARY KEY, name text);
GRANT SELECT ON countries TO lint_app;

CREATE TABLE orders (
    tenant_id uuid NOT NULL REFERENCES tenants, id uuid, number text, country text REFERENCES countries,
    PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number)
);
CREATE INDEX ON orders (country);
ALTER TABLE orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orders
    USING (tenant_id = (SELECT context())) WITH CHECK (tenant_id = (SELECT context()));
GRANT SELECT, INSERT, DELETE, UPDATE (number, country) ON orders TO lint_app;

CREATE TABLE lines (
    tenant_id uuid NOT NULL REFERENCES tenants, id uuid, order_id uuid, amount integer,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT lines_order FOREIGN KEY (tenant_id, order_id) REFERENCES orders ON DELETE CASCADE
);
CREATE INDEX lines_order_index ON lines (tenant_id, order_id);
ALTER TABLE lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON lines
    USING (tenant_id = (SELECT context())) WITH CHECK (tenant_id = (SELECT context()));
GRANT SELECT, INSERT, DELETE ON lines TO lint_app;
"""


@pytest.fixture(scope="module")
def small_database(server: Server) -> Iterator[URL]:
    with fresh_database(server) as url:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'REVOKE TEMPORARY ON DATABASE "{url.database}" FROM PUBLIC')
        yield url


@pytest.fixture
def safe(small_database: URL) -> Iterator[Connection]:
    """A connection in whose transaction the tables of the small database are; it is rolled back."""
    engine = sqlalchemy.create_engine(small_database, poolclass=NullPool)
    with engine.connect() as connection:
        run(connection, SAFE)
        yield connection


def run(connection: Connection, statements: str) -> None:
    connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


def look(connection: Connection, scope: Scope | None = None) -> list[Finding]:
    return lint(Database(connection, scope or Scope()))


def told(findings: list[Finding]) -> set[tuple[str, str]]:
    """Rule and object of each."""
    return {(finding.rule.name, finding.found.on) for finding in findings}
