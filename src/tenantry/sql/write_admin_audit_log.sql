DECLARE
    entry CONSTANT uuid := uuid7();
BEGIN
    IF NOT is_superadmin() THEN
        RAISE EXCEPTION 'only what a superadmin does is logged here'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO admin_audit_logs (
        id, admin_id, admin_user_id, login,
        action, target_tenant_id, target_user_id, target_resource_type, target_resource_id,
        details, ip_address, user_agent
    )
    VALUES (
        entry, p_admin_id, get_current_user_id(), session_user,
        p_action, p_target_tenant_id, p_target_user_id, p_target_resource_type, p_target_resource_id,
        coalesce(p_details, '{}'), p_ip_address, p_user_agent
    );
    RETURN entry;
END
