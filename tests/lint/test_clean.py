"""What must not be reported: all that is well, and what only looks like a hole."""

import pytest
import sqlalchemy
from sqlalchemy import URL, Connection, NullPool
from tests.lint.conftest import look, run, told
from tests.lint.holes import AS_SUPERUSER, CLOSED, DEFINER, LOOSE, OWN, PARTITIONED, SECURED

from tenantry.lint import Scope

LOOK_ALIKES = {
    "nothing": "SELECT 1",
    "a catalogue that all read": "CREATE POLICY p ON countries FOR SELECT USING (true);"
    " ALTER TABLE countries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "a policy that is false": LOOSE.format("FOR DELETE USING (false)"),
    "true under a guard for all": LOOSE.format("USING (true) WITH CHECK (true);")
    + f"CREATE POLICY guard ON orders AS RESTRICTIVE USING ({OWN}) WITH CHECK ({OWN})",
    "true under a guard of its command": LOOSE.format("FOR SELECT USING (true);")
    + f"CREATE POLICY guard ON orders AS RESTRICTIVE FOR SELECT USING ({OWN})",
    "true to the back office": "CREATE POLICY support ON orders FOR SELECT TO lint_support USING (true)",
    "true to the owner": "CREATE POLICY migration ON orders TO lint_owner USING (true)",
    "an OR beneath the tenant": LOOSE.format(f"FOR SELECT USING ({OWN} AND (number = 'x' OR country IS NULL))"),
    "an OR of two tenants": LOOSE.format(f"FOR SELECT USING ({OWN} OR tenant_id = ANY (ARRAY(SELECT context())))"),
    "a tenant among memberships": LOOSE.format("FOR SELECT USING (tenant_id IN (SELECT context()))"),
    "a tenant by EXISTS": LOOSE.format(
        "FOR SELECT USING (EXISTS (SELECT FROM tenants t WHERE t.id = orders.tenant_id AND t.name <> ''))"
    ),
    "a tenant compared as text": LOOSE.format("FOR SELECT USING ((SELECT context()::text) = tenant_id::text)"),
    "a tenant compared with NULL in mind": LOOSE.format(f"FOR SELECT USING (coalesce({OWN}, false))"),
    "a tenant or nothing": LOOSE.format(f"FOR SELECT USING (CASE WHEN number = 'x' THEN {OWN} ELSE false END)"),
    "a tenant that is certain": LOOSE.format(f"FOR SELECT USING (({OWN}) IS TRUE)"),
    "a long expression": LOOSE.format(f"FOR SELECT USING ({OWN} AND number <> {' || '.join(['number'] * 500)})"),
    "shared rows that are only read": LOOSE.format(f"FOR SELECT USING ({OWN} OR tenant_id IS NULL)"),
    "a setting of PostgreSQL's": LOOSE.format(f"FOR SELECT USING ({OWN} AND current_setting('TimeZone') = 'UTC')"),
    "a policy for INSERT": f"""DROP POLICY own ON orders; CREATE POLICY r ON orders FOR SELECT USING ({OWN});
    CREATE POLICY w ON orders FOR INSERT WITH CHECK ({OWN}); CREATE POLICY d ON orders FOR DELETE USING ({OWN})""",
    "a partition that nobody was granted": f"""
    {PARTITIONED} GRANT SELECT ON events TO lint_app;
    CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0)""",
    "a partition that shows nothing by itself": f"""
    {PARTITIONED} GRANT SELECT ON events TO lint_app;
    CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0);
    ALTER TABLE events_1 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; GRANT SELECT ON events_1 TO lint_app""",
    "a table of the owner alone": "CREATE TABLE imports (order_id uuid, tenant uuid REFERENCES tenants)",
    "a composite key with its column": """ALTER TABLE lines DROP CONSTRAINT lines_order, ADD CONSTRAINT lines_order
    FOREIGN KEY (order_id, tenant_id) REFERENCES orders (id, tenant_id) ON DELETE SET NULL (order_id)""",
    "a unique key with the tenant anywhere": "CREATE UNIQUE INDEX ON orders (lower(number), tenant_id)",
    "a unique key with the tenant in an expression": "CREATE UNIQUE INDEX ON orders (number, (tenant_id::text))",
    "an index that also serves": "DROP INDEX lines_order_index; CREATE INDEX ON lines (order_id)",
    "an index that serves where it matters": """DROP INDEX lines_order_index;
    CREATE INDEX ON lines (order_id, tenant_id, amount) WHERE order_id IS NOT NULL""",
    "a view as its reader": "CREATE VIEW v WITH (security_invoker = on) AS SELECT * FROM orders;"
    " GRANT SELECT ON v TO lint_app",
    "a view of what is nobody's": "CREATE VIEW v AS SELECT * FROM countries; GRANT SELECT ON v TO lint_app",
    "a view for nobody": "CREATE VIEW v AS SELECT * FROM orders; CREATE MATERIALIZED VIEW m AS SELECT * FROM orders",
    "a definer that names pg_temp last": DEFINER.format("SET search_path = pg_catalog, app, pg_temp") + CLOSED,
    "a definer that finds nothing by itself": DEFINER.format("SET search_path = ''") + CLOSED,
    "a definer parsed when it was made": "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER"
    f" BEGIN ATOMIC SELECT 1; END; {CLOSED}",
    "an invoker for everybody": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a superuser's function for nobody": AS_SUPERUSER
    + DEFINER.format("SET search_path = ''")
    + "REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC",
    "a sequence to draw from": "CREATE SEQUENCE s; GRANT USAGE ON s TO lint_app",
    "default privileges that fit": "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT ON TABLES TO lint_app",
    "a default that is asked for": "ALTER TABLE orders ALTER tenant_id SET DEFAULT context()",
    "a default of nothing": "ALTER TABLE orders ALTER tenant_id SET DEFAULT NULL",
    "columns with names of secrets": """ALTER TABLE orders ADD password_changed_at timestamptz, ADD secret_id uuid,
    ADD tokens_used text, ADD key text, ADD api_key_encrypted text, ADD password_hash text;
    REVOKE SELECT ON orders FROM lint_app; GRANT SELECT (number, api_key_encrypted) ON orders TO lint_app""",
    "timeouts of a login": f"{AS_SUPERUSER} ALTER ROLE lint_login SET statement_timeout = '15s'",
    "a group without power": f"{AS_SUPERUSER} CREATE ROLE lint_group; GRANT lint_group TO lint_login",
    "somebody else's superuser": f"{AS_SUPERUSER} CREATE ROLE lint_root SUPERUSER LOGIN",
    "a trigger for replicas": """CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER t BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION g();
    ALTER TABLE orders ENABLE REPLICA TRIGGER t""",
    "objects of an extension": f"{AS_SUPERUSER} CREATE EXTENSION btree_gist SCHEMA app",
    "policies under odd names": """CREATE TABLE "a{b (c:d\\" (tenant_id uuid NOT NULL, "{VAR :x" text);"""
    + SECURED.format('"a{b (c:d\\"')
    + f' USING ({OWN} AND "{{VAR :x" <> \'}} ) " :y\') WITH CHECK ({OWN});'
    + 'CREATE INDEX ON "a{b (c:d\\" (tenant_id)',
}


@pytest.mark.parametrize("sql", LOOK_ALIKES.values(), ids=[name.replace(" ", "-") for name in LOOK_ALIKES])
def test_what_only_looks_like_a_hole(safe: Connection, sql: str) -> None:
    run(safe, "RESET ROLE; CREATE ROLE lint_support; SET ROLE lint_owner")
    run(safe, sql)
    assert told(look(safe)) == set()


def test_our_own_database(migrated_database: URL) -> None:
    engine = sqlalchemy.create_engine(migrated_database, poolclass=NullPool)
    with engine.connect() as connection:
        # logins belong to the whole server: other tests make some that are meant to be refused
        findings = [
            finding
            for finding in look(connection, Scope(usual_roles=("tenantry_app",)))
            if not _is_login(finding.found.on)
        ]
        assert told(findings) == set()


def _is_login(on: str) -> bool:
    return on.startswith("role ") and not on.startswith("role tenantry_")
