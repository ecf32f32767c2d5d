DECLARE
    tenant CONSTANT uuid := get_acting_tenant();
    entry CONSTANT uuid := uuid7();
BEGIN
    INSERT INTO logs_human (id, tenant_id, actor_id, action, entity_type, entity_id, details, ip_address, user_agent)
    VALUES (
        entry, tenant, get_acting_member(tenant), p_action, p_entity_type, p_entity_id,
        coalesce(p_details, '{}'), p_ip_address, p_user_agent
    );
    RETURN entry;
END
