DECLARE
    entry_id CONSTANT uuid := nullif(current_setting('tenantry.superadmin', true), '');
    entry admin_audit_logs;
BEGIN
    IF entry_id IS NULL THEN
        RETURN false;
    END IF;
    SELECT log.* INTO entry
    FROM admin_audit_logs AS log
    WHERE log.id = entry_id AND log.login = session_user AND log.recorded_in IS NOT NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'login % has no entry % in admin_audit_logs', session_user, entry_id
            USING ERRCODE = 'invalid_authorization_specification', HINT = 'Call enable_superadmin_mode(reason).';
    END IF;
    -- what another transaction wrote is visible only once it is committed
    IF entry.recorded_in = pg_current_xact_id_if_assigned()::text::bigint THEN
        RAISE EXCEPTION 'the entry % in admin_audit_logs is not committed yet', entry_id
            USING ERRCODE = 'invalid_authorization_specification', HINT = 'COMMIT; what follows sees all tenants.';
    END IF;
    IF entry.created_at + interval '8 hours' <= statement_timestamp() THEN
        RAISE EXCEPTION 'the entry % in admin_audit_logs is older than 8 hours', entry_id
            USING ERRCODE = 'invalid_authorization_specification', HINT = 'Call enable_superadmin_mode(reason) again.';
    END IF;
    RETURN true;
END
