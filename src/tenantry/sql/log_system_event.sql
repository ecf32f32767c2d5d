DECLARE
    tenant CONSTANT uuid := get_acting_tenant();
    entry CONSTANT uuid := uuid7();
BEGIN
    INSERT INTO logs_system (id, tenant_id, action, entity_type, entity_id, user_id, details, response)
    VALUES (
        entry, tenant, p_action, p_entity_type, p_entity_id, get_acting_member(tenant),
        coalesce(p_details, '{}'), p_response
    );
    RETURN entry;
END
