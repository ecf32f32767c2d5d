DECLARE
    signing_key text;
    claims text;
BEGIN
    IF contexts_are_plain() THEN
        IF is_superadmin() THEN
            PERFORM write_admin_audit_log('set_tenant', p_tenant_id);
        END IF;
        PERFORM set_config('tenantry.tenant', p_tenant_id::text, true);
        RETURN;
    ELSIF NOT is_superadmin() THEN
        RAISE EXCEPTION 'only a superadmin enters a tenant without a signed context'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (SELECT FROM tenants WHERE id = p_tenant_id) THEN
        RAISE EXCEPTION 'there is no tenant %', p_tenant_id
            USING ERRCODE = 'no_data_found';
    END IF;
    SELECT kid INTO signing_key
    FROM context_keys
    WHERE valid_until IS NULL OR valid_until > statement_timestamp()
    ORDER BY installed_at DESC
    LIMIT 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no context key is installed'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'tenantry keys install';
    END IF;
    PERFORM write_admin_audit_log('set_tenant', p_tenant_id);
    claims := format(
        's1.%s.%s.%s.%s',
        signing_key,
        p_tenant_id,
        get_current_user_id(),
        extract(epoch FROM clock_timestamp() + interval '1 hour')::bigint
    );
    PERFORM set_config('tenantry.context', claims || '.' || context_signature(signing_key, claims), true);
END
