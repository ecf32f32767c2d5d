DECLARE
    entry CONSTANT uuid := uuid7();
BEGIN
    IF NOT has_superadmin_role() THEN
        RAISE EXCEPTION 'only a superadmin sees all tenants'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF coalesce(p_reason !~ '\S', true) THEN
        RAISE EXCEPTION 'say why all tenants have to be seen: it goes on record'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'enable_superadmin_mode(''ticket 4711'')';
    END IF;
    INSERT INTO admin_audit_logs (id, admin_user_id, login, action, target_tenant_id, details, recorded_in)
    VALUES (
        entry, get_current_user_id(), session_user, 'enable_superadmin_mode', p_tenant_id,
        jsonb_build_object('reason', p_reason), pg_current_xact_id()::text::bigint
    );
    RETURN entry;
END
