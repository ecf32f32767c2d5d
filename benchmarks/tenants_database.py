"""A million workflows of a thousand tenants, and copies of them under other policies."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from benchmarks.support import declared_database
from sqlalchemy import URL, NullPool
from tests.support.servers import Server

from tenantry.models.roles import APPLICATION
from tenantry.runtime.context import ContextKey

ROWS = 1_000_000
TENANTS = 1_000
KEY = ContextKey("k" * 32)
#: logins: one that row security binds, and one that it does not
REQUESTS, BY_HAND = "benchmark_requests", "benchmark_by_hand"

# rows of all tenants come in turns, as they do in time
_ROWS = f"""
SET LOCAL session_replication_role = replica;
CREATE FUNCTION numbered(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN lpad(to_hex(n), 32, '0')::uuid;
INSERT INTO tenants (id, name, slug)
SELECT numbered(n), 'Tenant ' || n, 'tenant-' || n FROM generate_series(1, {TENANTS}) AS n;
INSERT INTO users (id, email)
SELECT numbered(n), n || '@benchmark.example' FROM generate_series(1, {TENANTS}) AS n;
INSERT INTO tenant_users (tenant_id, user_id, role)
SELECT numbered(n), numbered(n), 'owner' FROM generate_series(1, {TENANTS}) AS n;
INSERT INTO ai_workflows (tenant_id, id, name, created_at, usage_count)
SELECT
    numbered(1 + mod(n, {TENANTS})), numbered(n), 'Workflow ' || n,
    now() - ({ROWS} - n) * interval '1 second', mod(n, 100)
FROM generate_series(1, {ROWS}) AS n
"""

# the policies that signed contexts have, with the tenant taken from a setting
_PLAIN = """
CREATE POLICY tenant_read ON {schema}.ai_workflows FOR SELECT
    USING (tenant_id = nullif(current_setting('benchmark.tenant', true), '')::uuid);
CREATE POLICY tenant_insert ON {schema}.ai_workflows FOR INSERT
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('benchmark.tenant', true), '')::uuid));
"""

# what systems have that grew their policies one by one
_NAIVE = """
CREATE FUNCTION {schema}.get_current_tenant() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN current_setting('benchmark.tenant', true)::uuid;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END $$;
CREATE FUNCTION {schema}.is_superadmin() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce(current_setting('benchmark.superadmin', true)::boolean, false);
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END $$;
CREATE POLICY tenant_isolation ON {schema}.ai_workflows
    USING (tenant_id = {schema}.get_current_tenant() OR {schema}.is_superadmin());
"""

_COPY = """
CREATE SCHEMA {schema};
CREATE TABLE {schema}.ai_workflows (LIKE ai_workflows INCLUDING ALL);
INSERT INTO {schema}.ai_workflows SELECT * FROM ai_workflows ORDER BY id;
ALTER TABLE {schema}.ai_workflows
    ADD FOREIGN KEY (tenant_id) REFERENCES tenants ON DELETE CASCADE,
    ADD FOREIGN KEY (tenant_id, created_by) REFERENCES tenant_users (tenant_id, user_id),
    ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT USAGE ON SCHEMA {schema} TO {application};
GRANT SELECT, INSERT ON {schema}.ai_workflows TO {application};
"""


@contextmanager
def tenants_database(server: Server) -> Iterator[URL]:
    """The table as it is declared, and copies in the schemas `plain` and `naive`."""
    with declared_database(server) as url:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            KEY.install(connection)
            connection.exec_driver_sql(_ROWS)
        with engine.begin() as connection:
            for schema, policies in (("plain", _PLAIN), ("naive", _NAIVE)):
                connection.exec_driver_sql((_COPY + policies).format(schema=schema, application=APPLICATION))
            for login, attributes in ((REQUESTS, ""), (BY_HAND, "BYPASSRLS")):
                connection.exec_driver_sql(f"CREATE ROLE {login} LOGIN {attributes} IN ROLE {APPLICATION}")
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        try:
            yield url
        finally:
            with engine.begin() as connection:
                connection.exec_driver_sql(f"DROP ROLE {REQUESTS}; DROP ROLE {BY_HAND}")


def numbered(number: int) -> uuid.UUID:
    """The tenant, or the workflow, of this number; workflow n is of tenant 1 + n % 1000."""
    return uuid.UUID(int=number)
