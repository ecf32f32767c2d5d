"""Attempts to change, move, lock away or undermine another tenant's rows."""

import pytest
from tests.attacks.conftest import Attacker

ATTACKS = {
    "an update by tenant": "UPDATE ai_workflows SET name = 'mine' WHERE tenant_id = '{theirs}'",
    "an update by id": "UPDATE ai_workflows SET name = 'mine' WHERE id = '{their_workflow}'",
    "an update of everything": "UPDATE products SET name = 'mine'",
    "a row moved away": "UPDATE ai_workflows SET tenant_id = '{theirs}' WHERE id = '{my_workflow}'",
    "a row moved here": "UPDATE ai_workflows SET tenant_id = '{mine}' WHERE id = '{their_workflow}'",
    "a new row": "INSERT INTO ai_workflows (tenant_id, name) VALUES ('{theirs}', 'planted')",
    "a copied row": "INSERT INTO ai_workflows SELECT * FROM ai_workflows WHERE tenant_id = '{theirs}'",
    "a row by COPY": "COPY ai_workflows (tenant_id, name) FROM PROGRAM 'echo x'",
    "an upsert that does nothing": "INSERT INTO ai_workflows (tenant_id, id, name)"
    " VALUES ('{theirs}', '{their_workflow}', 'mine') ON CONFLICT DO NOTHING",
    "an upsert that updates": "INSERT INTO ai_workflows (tenant_id, id, name)"
    " VALUES ('{theirs}', '{their_workflow}', 'mine') ON CONFLICT (tenant_id, id) DO UPDATE SET name = 'mine'",
    "a merge": "MERGE INTO ai_workflows w USING (SELECT '{their_workflow}'::uuid AS id) s ON w.id = s.id"
    " WHEN MATCHED THEN UPDATE SET name = 'mine'",
    "a deletion by tenant": "DELETE FROM ai_workflows WHERE tenant_id = '{theirs}'",
    "a deletion of everything": "DELETE FROM crm_leads",
    "a deletion in a query": "WITH gone AS (DELETE FROM tasks RETURNING *) SELECT count(*) FROM gone",
    "the tenant itself": "DELETE FROM tenants WHERE id = '{theirs}';"
    " UPDATE tenants SET name = 'mine' WHERE id = '{theirs}'",
    "a membership of theirs": "INSERT INTO tenant_users (tenant_id, user_id, role)"
    " VALUES ('{theirs}', '{me}', 'owner')",
    "a person of theirs": "UPDATE users SET email = 'me@example.com' WHERE id = '{their_user}'",
    "a wallet of theirs": "UPDATE token_wallets SET balance = 0",
    "an entry in their audit log": "INSERT INTO audit_logs (tenant_id, action) VALUES ('{theirs}', 'forged')",
    "the audit log rewritten": "UPDATE audit_logs SET action = 'nothing'; DELETE FROM audit_logs",
    "the operators' log": "DELETE FROM admin_audit_logs;"
    " INSERT INTO admin_audit_logs (login, action) VALUES ('x', 'y')",
    "the catalogue": "UPDATE permissions SET name = 'mine'; DELETE FROM feature_flag_definitions",
    "TRUNCATE": "TRUNCATE ai_workflows CASCADE",
    "a reference": "INSERT INTO task_comments (tenant_id, task_id, content)"
    " SELECT '{mine}', id, 'x' FROM tasks WHERE tenant_id = '{theirs}'",
    "a reference by id": "UPDATE order_items SET product_id = '{their_product}'",
    "a deleting cascade": "DELETE FROM products WHERE id = '{their_product}'; DELETE FROM ai_workflows",
    "a view": "UPDATE user_statistics SET email = 'x'; DELETE FROM current_month_usage",
    "a table that is altered": "ALTER TABLE ai_workflows DISABLE ROW LEVEL SECURITY",
    "a table without force": "ALTER TABLE ai_workflows NO FORCE ROW LEVEL SECURITY",
    "a policy": "CREATE POLICY open ON ai_workflows USING (true)",
    "a policy that goes": "DROP POLICY tenant_read ON ai_workflows",
    "a policy that changes": "ALTER POLICY tenant_read ON ai_workflows USING (true)",
    "a rule": "CREATE RULE r AS ON SELECT TO ai_workflows DO INSTEAD SELECT 1",
    "a trigger": "CREATE TRIGGER t BEFORE UPDATE ON ai_workflows FOR EACH ROW EXECUTE FUNCTION set_updated_at()",
    "a trigger that goes": "ALTER TABLE audit_logs DISABLE TRIGGER ALL",
    "replica mode": "SET session_replication_role = replica; DELETE FROM audit_logs",
    "a table that goes": "DROP TABLE ai_workflows CASCADE",
    "a schema that goes": "DROP SCHEMA public CASCADE",
    "the owner's role": "REASSIGN OWNED BY tenantry_owner TO CURRENT_USER",
    "what the login owns": "DROP OWNED BY CURRENT_USER CASCADE",
    "what the role owns": "SET ROLE tenantry_app; DROP OWNED BY tenantry_app CASCADE",
    "a privilege": "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "a role": "GRANT tenantry_superadmin TO CURRENT_USER",
    "a role with power": "CREATE ROLE thief SUPERUSER",
    "an index of his own": "CREATE INDEX ON ai_workflows (name)",
    "a system catalogue": "UPDATE pg_policy SET polqual = NULL; DELETE FROM pg_class WHERE relname = 'ai_workflows'",
    "the server's settings": "ALTER SYSTEM SET row_security = off; ALTER DATABASE postgres SET row_security = off",
    "the functions": "CREATE OR REPLACE FUNCTION get_current_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
    "a function's owner": "ALTER FUNCTION is_superadmin() OWNER TO CURRENT_USER",
    "a function's path": "ALTER FUNCTION verified_context() RESET ALL;"
    " ALTER FUNCTION is_superadmin() SET search_path = ''",
}

STRUCTURE = """
SELECT md5(string_agg(line, ';' ORDER BY line)) FROM (
    SELECT concat(relname, relrowsecurity, relforcerowsecurity, relowner, relacl) AS line FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(polname, polrelid, polroles::text, polqual, polwithcheck) FROM pg_policy
    UNION ALL SELECT concat(tgname, tgrelid, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat(proname, prosrc, proowner, proconfig::text, proacl::text) FROM pg_proc
) AS structure
"""


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_nothing_of_another_tenant_changes(attacker: Attacker, attack: str) -> None:
    rows, structure = attacker.fingerprint(), attacker.as_superuser(STRUCTURE)
    statement = ATTACKS[attack]
    heist = attacker.run(*statement.split("; "))
    assert attacker.fingerprint() == rows
    assert attacker.as_superuser(STRUCTURE) == structure
    assert attacker.leaked(heist, statement.format_map(attacker.names)) == set()


def test_what_is_changed_would_be_noticed(attacker: Attacker) -> None:
    """A genuine token of the other tenant changes what the attacks above try to."""
    owner = attacker.world.b.rows["users"][0]["id"]
    token = attacker.world.key.token(attacker.world.b.tenant_id, owner)
    before = attacker.fingerprint()
    attacker.as_superuser(f"UPDATE tenant_users SET role = 'owner' WHERE user_id = '{owner}' RETURNING 1")
    attacker.run(ATTACKS["an update by tenant"], token=token)
    changed = {table for table, digest in attacker.fingerprint().items() if digest != before[table]}
    assert "ai_workflows" in changed
