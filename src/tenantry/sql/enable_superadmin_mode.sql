BEGIN
    IF NOT is_superadmin() THEN
        RAISE EXCEPTION 'only a superadmin sees all tenants'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM write_admin_audit_log('enable_superadmin_mode', get_current_tenant());
    PERFORM set_config('tenantry.context', '', true);
END
