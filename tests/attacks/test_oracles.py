"""Attempts to find out whether something exists: what exists and what does not have to answer alike."""

import pytest
from tests.attacks.conftest import Attacker

INSERT = "INSERT INTO ai_workflows (tenant_id, id, name) VALUES ('{theirs}', '{probe}', 'x')"

#: a statement about a value of the other tenant, and which of the known names stands for it
PROBES = {
    "a row read": ("SELECT count(*) FROM ai_workflows WHERE id = '{probe}'", "their_workflow"),
    "a row updated": ("UPDATE ai_workflows SET name = name WHERE id = '{probe}'", "their_workflow"),
    "a row deleted": ("DELETE FROM ai_workflows WHERE id = '{probe}'", "their_workflow"),
    "a row inserted under its id": ("INSERT INTO ai_workflows (id, name) VALUES ('{probe}', 'x')", "their_workflow"),
    "a row inserted in the other tenant": (
        INSERT,
        "their_workflow",
    ),
    "a conflict that does nothing": (
        f"{INSERT} ON CONFLICT DO NOTHING",
        "their_workflow",
    ),
    "a conflict that updates": (
        f"{INSERT} ON CONFLICT (tenant_id, id) DO UPDATE SET name = 'x'",
        "their_workflow",
    ),
    "a value that is unique": ("UPDATE products SET sku = '{probe}' WHERE id = '{nobody}'", "their_sku"),
    "a value that is unique, inserted": (
        "INSERT INTO products (tenant_id, sku, name) VALUES ('{theirs}', '{probe}', 'x')",
        "their_sku",
    ),
    "a foreign key": ("UPDATE order_items SET product_id = '{probe}'", "their_product"),
    "a foreign key to a member": ("UPDATE tasks SET assignee_id = '{probe}'", "their_user"),
    "a tenant read": ("SELECT count(*) FROM tenants WHERE id = '{probe}'", "theirs"),
    "a slug read": ("SELECT count(*) FROM tenants WHERE slug = '{probe}'", "their_slug"),
    "a slug taken": ("UPDATE tenants SET slug = '{probe}'", "their_slug"),
    "a tenant entered": ("SELECT set_tenant('{probe}')", "theirs"),
    "a tenant's role": ("SELECT is_feature_enabled('{probe}', 'x')", "theirs"),
    "a member's tokens": ("SELECT adjust_user_tokens('{probe}', 1, 'debit', 'probe')", "their_user"),
    "a person read": ("SELECT count(*) FROM users WHERE id = '{probe}'", "their_user"),
    "a person's address read": ("SELECT count(*) FROM users WHERE email = '{probe}'", "their_email"),
    "a member made": ("INSERT INTO tenant_users (user_id, role) VALUES ('{probe}', 'viewer')", "their_user"),
    "a member invited": ("INSERT INTO tenant_invitations (email) VALUES ('{probe}')", "their_email"),
    "an invitation accepted": ("SELECT accept_invitation('{probe}')", "their_invitation"),
    "a plan": ("EXPLAIN SELECT * FROM ai_workflows WHERE id = '{probe}'", "their_workflow"),
    "a lock on a row": ("SELECT 1 FROM ai_workflows WHERE id = '{probe}' FOR UPDATE NOWAIT", "their_workflow"),
}


@pytest.mark.parametrize("probe", list(PROBES))
def test_what_exists_elsewhere_answers_like_what_does_not(attacker: Attacker, probe: str) -> None:
    statement, name = PROBES[probe]
    there, nowhere = attacker.names[name], attacker.names["nobody"]
    answers = [str(attacker.run(statement, "ROLLBACK", probe=value)) for value in (there, nowhere)]
    assert answers[0].replace(there, "?") == answers[1].replace(nowhere, "?")
