"""Holes to plant, and what finds them."""

from dataclasses import dataclass

AS_SUPERUSER = "RESET ROLE;"
OWN = "tenant_id = (SELECT context())"
SECURED = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY; CREATE POLICY own ON {0}"
WELL = f"{SECURED} USING ({OWN}) WITH CHECK ({OWN});"
DEFINER = "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql SECURITY DEFINER {} AS 'SELECT 1';"
CLOSED = "REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.f() TO lint_app;"
PARTITIONED = f"""
    CREATE TABLE events (tenant_id uuid NOT NULL, id uuid, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
    {WELL.format("events")}
"""
LOOSE = "CREATE POLICY loose ON orders {}"


@dataclass(frozen=True)
class Hole:
    """What is done to the database, and what is to be found.

    :param also: what comes with it and cannot be told apart.
    """

    rule: str
    on: str
    sql: str
    also: frozenset[tuple[str, str]] = frozenset()


HOLES = (
    # tables
    Hole(
        "row-security-disabled",
        "table app.orders",
        "DROP POLICY own ON orders; ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
    ),
    Hole(
        "row-security-disabled",
        "table app.tenants",
        "DROP POLICY own ON tenants; ALTER TABLE tenants DISABLE ROW LEVEL SECURITY",
    ),
    Hole(
        "row-security-disabled",
        'table app."My ""%I"" :table"',
        'CREATE TABLE "My ""%I"" :table" (tenant_id uuid PRIMARY KEY)',
    ),
    Hole(
        "row-security-disabled",
        "table other.t",
        "RESET ROLE; CREATE SCHEMA other; CREATE TABLE other.t (tenant_id uuid PRIMARY KEY)",
    ),
    Hole("row-security-not-forced", "table app.orders", "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY"),
    Hole("policy-not-enforced", "table app.orders", "ALTER TABLE orders DISABLE ROW LEVEL SECURITY"),
    Hole("policy-not-enforced", "table app.countries", "CREATE POLICY p ON countries USING (true)"),
    Hole("row-security-without-policy", "table app.orders", "DROP POLICY own ON orders"),
    Hole(
        "partition-reachable",
        "table app.events_1",
        f"""{PARTITIONED}
        CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        GRANT SELECT ON events, events_1 TO lint_app""",
    ),
    Hole(
        "partition-reachable",
        "table app.events_1_1",
        f"""{PARTITIONED}
        CREATE TABLE events_1 PARTITION OF events FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY HASH (id);
        CREATE TABLE events_1_1 PARTITION OF events_1 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
        GRANT SELECT (id) ON events_1_1 TO lint_app""",
    ),
    Hole(
        "partition-reachable",
        "table app.old_orders",
        "CREATE TABLE old_orders () INHERITS (orders); GRANT INSERT ON old_orders TO lint_app",
    ),
    Hole(
        "detail-table-unsecured",
        "table app.notes",
        "ALTER TABLE orders ADD CONSTRAINT k UNIQUE (tenant_id, id, number);"
        " CREATE TABLE notes (whose uuid, id uuid, FOREIGN KEY (whose, id) REFERENCES orders);"
        " GRANT SELECT ON notes TO lint_app",
    ),
    Hole(
        "detail-table-unsecured",
        "table app.domains",
        "CREATE TABLE domains (name text PRIMARY KEY, whose uuid REFERENCES tenants);"
        " GRANT SELECT ON domains TO lint_app",
    ),
    Hole(
        "foreign-table-readable",
        "foreign table app.remote",
        f"""{AS_SUPERUSER} CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
        CREATE FOREIGN TABLE remote (tenant_id uuid) SERVER nowhere; GRANT SELECT ON remote TO lint_app""",
    ),
    Hole("rule-as-owner", "rule copy on app.orders", "CREATE RULE copy AS ON DELETE TO orders DO ALSO NOTHING"),
    Hole(
        "trigger-disabled",
        "trigger refuse on app.orders",
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER refuse BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION refuse();
        ALTER TABLE orders DISABLE TRIGGER refuse""",
    ),
    # policies
    Hole("policy-always-true", "policy loose on app.orders", LOOSE.format("FOR SELECT USING (true)")),
    Hole("policy-always-true", "policy loose on app.orders", LOOSE.format("FOR SELECT USING (1 = 1)")),
    Hole("policy-always-true", "policy loose on app.orders", LOOSE.format("FOR INSERT TO lint_app WITH CHECK (true)")),
    Hole("policy-always-true", "policy loose on app.orders", LOOSE.format(f"FOR SELECT USING ({OWN} OR true)")),
    Hole("policy-always-true", "policy loose on app.orders", LOOSE.format(f"USING ({OWN}) WITH CHECK (true)")),
    Hole("policy-always-true", "policy loose on app.tenants", "CREATE POLICY loose ON tenants FOR SELECT USING (true)"),
    Hole("policy-without-tenant", "policy loose on app.orders", LOOSE.format("FOR SELECT USING (number IS NOT NULL)")),
    Hole(
        "policy-without-tenant", "policy loose on app.orders", LOOSE.format("FOR SELECT USING (tenant_id IS NOT NULL)")
    ),
    Hole(
        "policy-without-tenant", "policy loose on app.orders", LOOSE.format("FOR SELECT USING (tenant_id = tenant_id)")
    ),
    Hole(
        "policy-without-tenant",
        "policy loose on app.orders",
        LOOSE.format("FOR SELECT USING (tenant_id <> (SELECT context()))"),
    ),
    Hole("policy-without-tenant", "policy loose on app.orders", LOOSE.format(f"FOR SELECT USING (NOT {OWN})")),
    Hole(
        "policy-without-tenant",
        "policy loose on app.orders",
        LOOSE.format("FOR SELECT USING (current_user = 'lint_app')"),
    ),
    Hole(
        "policy-without-tenant",
        "policy loose on app.orders",
        LOOSE.format(f"FOR UPDATE USING ({OWN}) WITH CHECK (number IS NOT NULL)"),
    ),
    Hole(
        "policy-without-tenant",
        "policy loose on app.orders",
        LOOSE.format("FOR SELECT USING (EXISTS (SELECT FROM countries c WHERE c.code = country))"),
    ),
    Hole(
        "policy-or-beside-tenant",
        "policy loose on app.orders",
        LOOSE.format(f"FOR SELECT USING ({OWN} OR number = 'x')"),
    ),
    Hole(
        "policy-or-beside-tenant",
        "policy loose on app.orders",
        LOOSE.format(f"FOR SELECT USING (({OWN} OR number = 'x') AND country IS NOT NULL)"),
    ),
    Hole(
        "policy-always-true",
        "policy loose on app.orders",
        LOOSE.format("FOR SELECT USING (coalesce(tenant_id = (SELECT context()), true))"),
    ),
    Hole(
        "policy-always-true",
        "policy loose on app.orders",
        LOOSE.format(f"FOR SELECT USING (CASE WHEN number = 'x' THEN {OWN} ELSE true END)"),
    ),
    Hole(
        "policy-without-tenant", "policy loose on app.orders", LOOSE.format(f"FOR SELECT USING (({OWN}) IS NOT FALSE)")
    ),
    Hole(
        "policy-or-beside-tenant",
        "policy loose on app.orders",
        LOOSE.format(f"FOR SELECT USING ({OWN} OR (SELECT context()) IS NULL)"),
    ),
    Hole(
        "policy-trusts-setting",
        "policy loose on app.orders",
        LOOSE.format(f"FOR SELECT USING ({OWN} OR current_setting('app.is_admin', true) = 'on')"),
    ),
    Hole(
        "policy-trusts-setting",
        "policy loose on app.orders",
        "CREATE FUNCTION is_admin() RETURNS boolean STABLE LANGUAGE sql"
        " AS $$SELECT current_setting('app.admin', true) = 'on'$$;"
        + LOOSE.format("FOR SELECT USING ((SELECT is_admin()))"),
    ),
    Hole(
        "policy-shared-rows-writable",
        "policy own on app.prices",
        f"""CREATE TABLE prices (tenant_id uuid, name text); CREATE INDEX ON prices (tenant_id);
        {SECURED.format("prices")} USING ({OWN} OR tenant_id IS NULL) WITH CHECK ({OWN});
        GRANT SELECT, DELETE ON prices TO lint_app""",
        frozenset({("tenant-column-nullable", "column app.prices.tenant_id")}),
    ),
    Hole(
        "policy-without-check",
        "policy own on app.orders",
        f"DROP POLICY own ON orders; CREATE POLICY own ON orders USING ({OWN})",
    ),
    Hole(
        "policy-calls-per-row",
        "policy own on app.orders",
        "ALTER POLICY own ON orders USING (tenant_id = context())",
    ),
    Hole(
        "policy-calls-per-row",
        "policy guard on app.orders",
        """CREATE FUNCTION is_member(uuid) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
        CREATE POLICY guard ON orders AS RESTRICTIVE USING (is_member(tenant_id))""",
    ),
    Hole(
        "policy-calls-per-row",
        "policy guard on app.orders",
        """CREATE FUNCTION is_member(uuid) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT true';
        CREATE POLICY guard ON orders AS RESTRICTIVE USING ((SELECT is_member(orders.tenant_id)))""",
    ),
    Hole("policy-function-immutable", "function app.context()", "ALTER FUNCTION context() IMMUTABLE"),
    Hole(
        "policy-restricts-role",
        "policy guard on app.orders",
        f"CREATE POLICY guard ON orders AS RESTRICTIVE TO lint_app USING ({OWN})",
    ),
    Hole(
        "context-unsigned",
        "setting app.tenant",
        "ALTER POLICY own ON orders USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid))",
    ),
    # columns
    Hole(
        "tenant-column-nullable",
        "column app.prices.tenant_id",
        f"CREATE TABLE prices (tenant_id uuid, name text); CREATE INDEX ON prices (tenant_id); {WELL.format('prices')}",
    ),
    Hole("tenant-column-updatable", "column app.orders.tenant_id", "GRANT UPDATE ON orders TO lint_app"),
    Hole("tenant-column-updatable", "column app.orders.tenant_id", "GRANT UPDATE (tenant_id) ON orders TO lint_app"),
    Hole(
        "tenant-column-default",
        "column app.orders.tenant_id",
        "ALTER TABLE orders ALTER tenant_id SET DEFAULT '00000000-0000-0000-0000-000000000000'",
    ),
    Hole(
        "tenant-column-unindexed",
        "column app.prices.tenant_id",
        f"CREATE TABLE prices (tenant_id uuid NOT NULL, name text); {WELL.format('prices')}"
        "CREATE INDEX ON prices (name, tenant_id); CREATE INDEX ON prices (tenant_id) WHERE name <> ''",
    ),
    Hole(
        "secret-readable",
        "column app.orders.webhook_secret",
        "ALTER TABLE orders ADD webhook_secret text",
    ),
    # keys
    Hole(
        "foreign-key-without-tenant",
        "constraint k on app.lines",
        "ALTER TABLE orders ADD place integer; CREATE UNIQUE INDEX u ON orders (place); CREATE INDEX ON lines (amount);"
        " ALTER TABLE lines ADD CONSTRAINT k FOREIGN KEY (amount) REFERENCES orders (place) ON DELETE SET NULL",
        frozenset({("unique-key-without-tenant", "index app.u")}),
    ),
    Hole(
        "foreign-key-without-tenant",
        "constraint k on app.lines",
        # both columns are there, but crossed
        "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (id, tenant_id); ALTER TABLE lines"
        " ADD CONSTRAINT k FOREIGN KEY (tenant_id, order_id) REFERENCES orders (id, tenant_id)",
    ),
    Hole(
        "foreign-key-empties-tenant",
        "constraint lines_order on app.lines",
        "ALTER TABLE lines DROP CONSTRAINT lines_order, ADD CONSTRAINT lines_order"
        " FOREIGN KEY (tenant_id, order_id) REFERENCES orders ON DELETE SET NULL",
    ),
    Hole(
        "foreign-key-not-validated",
        "constraint lines_order on app.lines",
        "ALTER TABLE lines DROP CONSTRAINT lines_order, ADD CONSTRAINT lines_order"
        " FOREIGN KEY (tenant_id, order_id) REFERENCES orders NOT VALID",
    ),
    Hole("foreign-key-unindexed", "constraint lines_order on app.lines", "DROP INDEX lines_order_index"),
    Hole(
        "foreign-key-unindexed",
        "constraint lines_order on app.lines",
        "DROP INDEX lines_order_index; CREATE INDEX ON lines (tenant_id, amount) INCLUDE (order_id);"
        " CREATE INDEX ON lines (amount, order_id); CREATE INDEX ON lines (order_id) WHERE amount > 1;"
        " CREATE INDEX ON lines (tenant_id, order_id) WHERE amount IS NOT NULL",
    ),
    Hole(
        "unique-key-without-tenant",
        "constraint orders_number on app.orders",
        "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number)",
    ),
    Hole(
        "unique-key-without-tenant",
        "index app.orders_number",
        "CREATE UNIQUE INDEX orders_number ON orders (lower(number)) INCLUDE (tenant_id) WHERE country IS NULL",
    ),
    Hole(
        "unique-key-without-tenant",
        'constraint "no (two)" on app.orders',
        f"{AS_SUPERUSER} CREATE EXTENSION btree_gist;"
        ' ALTER TABLE orders ADD period int4range, ADD CONSTRAINT "no (two)" EXCLUDE USING gist (period WITH &&)',
    ),
    Hole(
        "primary-key-without-tenant",
        "constraint prices_pkey on app.prices",
        f"CREATE TABLE prices (tenant_id uuid NOT NULL, id uuid PRIMARY KEY); {WELL.format('prices')}"
        " CREATE INDEX ON prices (tenant_id)",
    ),
    # views
    Hole("view-as-owner", "view app.v", "CREATE VIEW v AS SELECT * FROM orders; GRANT SELECT ON v TO lint_app"),
    Hole(
        "view-as-owner",
        "view app.v",
        "CREATE VIEW v WITH (security_invoker = off) AS SELECT id FROM orders; GRANT DELETE ON v TO lint_app",
    ),
    Hole(
        "view-as-owner",
        "view app.outside",
        "CREATE VIEW inside WITH (security_invoker) AS SELECT * FROM orders;"
        " CREATE VIEW outside AS SELECT count(*) FROM inside; GRANT SELECT ON outside TO lint_app",
    ),
    Hole(
        "materialized-view-readable",
        "materialized view app.m",
        "CREATE MATERIALIZED VIEW m AS SELECT id FROM orders; GRANT SELECT ON m TO lint_app",
    ),
    # functions
    Hole("definer-search-path", "function app.f()", DEFINER.format("") + CLOSED),
    Hole("definer-search-path", "function app.f()", DEFINER.format("SET search_path = app, pg_catalog") + CLOSED),
    Hole("definer-search-path", "function app.f()", DEFINER.format("SET search_path = pg_temp, app") + CLOSED),
    Hole("definer-search-path", "function app.f()", DEFINER.format('SET search_path = "$user", app, pg_temp') + CLOSED),
    Hole(
        "definer-public-execute",
        "function app.f()",
        DEFINER.format("SET search_path = ''"),
    ),
    Hole(
        "definer-public-execute",
        "function app.count_rows()",
        "CREATE FUNCTION count_rows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = ''"
        " AS 'BEGIN RETURN NULL; END'",
    ),
    Hole(
        "definer-public-execute",
        'function app."do it"(integer)',
        """CREATE PROCEDURE "do it"(n integer) LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS 'BEGIN END'""",
    ),
    Hole(
        "definer-past-row-security", "function app.f()", AS_SUPERUSER + DEFINER.format("SET search_path = ''") + CLOSED
    ),
    Hole(
        "function-leakproof",
        "function app.peek(text)",
        f"{AS_SUPERUSER} CREATE FUNCTION app.peek(text) RETURNS boolean LEAKPROOF LANGUAGE sql AS 'SELECT true'",
    ),
    # privileges
    Hole("grant-to-public", "table app.countries", "GRANT SELECT ON countries TO PUBLIC"),
    Hole("grant-to-public", "table app.orders", "GRANT SELECT (number) ON orders TO PUBLIC"),
    Hole("grant-to-public", "sequence app.s", "CREATE SEQUENCE s; GRANT USAGE ON s TO PUBLIC"),
    Hole("grant-past-row-security", "table app.orders", "GRANT TRUNCATE ON orders TO lint_app"),
    Hole("grant-past-row-security", "table app.orders", "GRANT REFERENCES (id), TRIGGER ON orders TO lint_app"),
    Hole(
        "grant-past-row-security",
        "table app.orders",
        f"{AS_SUPERUSER} CREATE ROLE lint_group; GRANT lint_group TO lint_app; GRANT TRUNCATE ON orders TO lint_group",
    ),
    Hole("grant-grantable", "table app.orders", "GRANT SELECT ON orders TO lint_app WITH GRANT OPTION"),
    Hole("schema-open", "schema app", "GRANT CREATE ON SCHEMA app TO lint_app"),
    Hole("schema-open", "schema app", "GRANT CREATE ON SCHEMA app TO PUBLIC"),
    Hole(
        "default-privileges-open",
        "default privileges of lint_owner",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    ),
    Hole(
        "default-privileges-open",
        "default privileges of lint_owner in schema app",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT ALL ON TABLES TO lint_app",
    ),
    Hole("sequence-open", "sequence app.s", "CREATE SEQUENCE s; GRANT ALL ON s TO lint_app"),
    # roles
    Hole("role-bypasses-row-security", "role lint_app", f"{AS_SUPERUSER} ALTER ROLE lint_app BYPASSRLS"),
    Hole("role-bypasses-row-security", "role lint_login", f"{AS_SUPERUSER} ALTER ROLE lint_login SUPERUSER BYPASSRLS"),
    Hole(
        "role-bypasses-row-security",
        "role lint_login",
        f"{AS_SUPERUSER} CREATE ROLE lint_root BYPASSRLS; CREATE ROLE lint_step NOINHERIT IN ROLE lint_root;"
        " GRANT lint_step TO lint_login",
    ),
    Hole("role-owns", "role lint_login", f"{AS_SUPERUSER} GRANT lint_owner TO lint_login"),
    Hole("role-owns", "role lint_app", f"{AS_SUPERUSER} CREATE SCHEMA theirs AUTHORIZATION lint_app"),
    Hole(
        "role-sees-all-tenants",
        "role lint_login",
        f"""CREATE POLICY support ON orders FOR SELECT TO lint_support USING (true);
        {AS_SUPERUSER} GRANT lint_support TO lint_login""",
    ),
    Hole("role-powerful", "role lint_login", f"{AS_SUPERUSER} GRANT pg_read_all_data TO lint_login"),
    Hole("role-powerful", "role lint_app", f"{AS_SUPERUSER} ALTER ROLE lint_app CREATEROLE REPLICATION"),
    Hole("role-setting", "role lint_login", f"{AS_SUPERUSER} ALTER ROLE lint_login SET app.tenant = '1'"),
)
