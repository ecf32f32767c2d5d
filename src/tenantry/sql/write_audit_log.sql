DECLARE
    tenant CONSTANT uuid := get_acting_tenant();
    entry CONSTANT uuid := uuid7();
BEGIN
    INSERT INTO audit_logs (
        id, tenant_id, user_id, user_email, login, impersonated_user_id, is_superadmin_action,
        action, resource_type, resource_id, details, ip_address, user_agent
    )
    VALUES (
        entry, tenant, get_acting_member(tenant), (SELECT email FROM users WHERE id = get_current_user_id()), session_user,
        p_impersonated_user_id, is_superadmin(),
        p_action, p_resource_type, p_resource_id, coalesce(p_details, '{}'), p_ip_address, p_user_agent
    );
    RETURN entry;
END
