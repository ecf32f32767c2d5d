"""Attempts to read another tenant's rows."""

import pytest
from tests.attacks.conftest import Attacker

ATTACKS = {
    "a plain query": "SELECT * FROM ai_workflows",
    "the other tenant by name": "SELECT * FROM ai_workflows WHERE tenant_id = '{theirs}'",
    "a row by its id": "SELECT * FROM ai_workflows WHERE id = '{their_workflow}'",
    "an OR that is true": "SELECT * FROM ai_workflows WHERE tenant_id = '{mine}' OR true",
    "a UNION of many": "SELECT id::text, name FROM ai_workflows UNION ALL SELECT id::text, sku FROM products"
    " UNION ALL SELECT id::text, email FROM crm_customers UNION ALL SELECT id::text, title FROM tasks",
    "the tenants": "SELECT * FROM tenants",
    "the people": "SELECT id, email, full_name FROM users",
    "the memberships": "SELECT * FROM tenant_users",
    "the wallets": "SELECT * FROM token_wallets",
    "the audit log": "SELECT * FROM audit_logs",
    "the operators' log": "SELECT * FROM admin_audit_logs",
    "the api keys": "SELECT * FROM api_keys",
    "a view of people": "SELECT * FROM user_statistics",
    "a view of usage": "SELECT * FROM current_month_usage",
    "COPY of a table": "COPY ai_workflows TO STDOUT",
    "COPY of a query": "COPY (SELECT * FROM ai_workflows) TO STDOUT",
    "COPY to a program": "COPY ai_workflows TO PROGRAM 'cat'",
    "COPY to a file": "COPY ai_workflows TO '/tmp/stolen'",
    "a physical row": "SELECT * FROM ai_workflows WHERE ctid >= '(0,0)'",
    "a sample": "SELECT * FROM ai_workflows TABLESAMPLE SYSTEM (100)",
    "an index": "SET enable_seqscan = off; SELECT tenant_id, id FROM ai_workflows ORDER BY 1, 2",
    "row security off": "SET row_security = off; SELECT * FROM ai_workflows",
    "rows for update": "SELECT * FROM ai_workflows FOR UPDATE",
    "a lateral join": "SELECT w.* FROM tenants t, LATERAL (SELECT * FROM ai_workflows x WHERE x.tenant_id = t.id) w",
    "a recursive query": "WITH RECURSIVE r AS"
    " (SELECT * FROM ai_workflows UNION ALL SELECT * FROM r WHERE false) TABLE r",
    "a cursor": "DECLARE c CURSOR FOR SELECT * FROM ai_workflows; FETCH ALL FROM c",
    "a cursor that is held": "DECLARE c CURSOR WITH HOLD FOR TABLE ai_workflows; COMMIT; FETCH ALL FROM c",
    "a prepared statement": "PREPARE p AS TABLE ai_workflows; EXECUTE p",
    "a block of code": "DO $$ DECLARE r record; BEGIN"
    " FOR r IN TABLE ai_workflows LOOP RAISE NOTICE '%', r; END LOOP; END $$",
    "XML of a query": "SELECT query_to_xml('TABLE ai_workflows', true, false, '')",
    "XML of a table": "SELECT table_to_xml('ai_workflows', true, false, '')",
    "XML of a schema": "SELECT schema_to_xml('public', true, false, '')",
    "XML of the database": "SELECT database_to_xml(true, false, '')",
    "text search statistics": "SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM ai_workflows')",
    "planner statistics": "SELECT * FROM pg_stats WHERE tablename = 'ai_workflows'",
    "planner statistics, raw": "SELECT * FROM pg_statistic",
    "extended statistics": "SELECT * FROM pg_stats_ext",
    "a plan": "EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM ai_workflows WHERE name > ''",
    "a cast that fails": "SELECT * FROM ai_workflows WHERE name::uuid IS NOT NULL AND name::integer > 0",
    "a division that fails": "SELECT * FROM ai_workflows"
    " WHERE 1 / (CASE WHEN tenant_id = '{theirs}' THEN 0 ELSE 1 END) = 1",
    "a regular expression on hidden rows": "SELECT * FROM ai_workflows WHERE name ~ ('(' || name) IS NULL",
    "a function that tells": "SELECT * FROM ai_workflows WHERE set_config('app.seen', name, false) = 'x';"
    " SELECT current_setting('app.seen', true)",
    "an aggregate": "SELECT json_agg(w) FROM ai_workflows w",
    "a window": "SELECT lag(w) OVER (), lead(w) OVER () FROM ai_workflows w",
    "the rows of a conflict": "INSERT INTO ai_workflows (tenant_id, id, name)"
    " VALUES ('{theirs}', '{their_workflow}', 'x') ON CONFLICT (tenant_id, id) DO UPDATE SET name = 'x' RETURNING *",
    "RETURNING of a deletion": "DELETE FROM ai_workflows WHERE tenant_id = '{theirs}' RETURNING *",
    "files": "SELECT pg_read_file('postgresql.conf')",
    "the directory": "SELECT pg_ls_dir('.')",
    "a large object": "SELECT lo_export(1, '/tmp/stolen')",
    "the log of transactions": "SELECT * FROM pg_logical_slot_peek_changes('slot', NULL, NULL)",
    "a replication slot": "SELECT pg_create_logical_replication_slot('thief', 'pgoutput')",
    "other sessions": "SELECT * FROM pg_stat_activity",
    "the keys": "SELECT * FROM context_keys",
    "the ledger of migrations": "SELECT * FROM tenantry_ledger",
    "passwords": "SELECT * FROM pg_authid",
    "secrets of people": "SELECT password_hash FROM users",
    "another database": "SELECT * FROM dblink('', 'TABLE ai_workflows') AS t (a text)",
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_no_row_of_another_tenant_is_seen(attacker: Attacker, attack: str) -> None:
    statement = ATTACKS[attack]
    told = statement.format_map(attacker.names)
    assert attacker.leaked(attacker.run(statement), told) == set()


def test_what_is_stolen_would_be_noticed(attacker: Attacker) -> None:
    """A genuine token of the other tenant shows what the attacks above look for."""
    token = attacker.world.key.token(attacker.world.b.tenant_id, attacker.world.b.rows["users"][0]["id"])
    for attack in ("a plain query", "COPY of a table", "a block of code", "a function that tells"):
        assert attacker.leaked(attacker.run(ATTACKS[attack], token=token)), attack
