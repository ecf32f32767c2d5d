DECLARE
    before CONSTANT jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after CONSTANT jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    tenant CONSTANT uuid := coalesce(after, before) ->> 'tenant_id';
    changed jsonb;
BEGIN
    -- names only: a value may be a secret, and nobody could ever take it out of the log again
    SELECT jsonb_agg(field.key ORDER BY field.key) INTO changed
    FROM jsonb_each(after) AS field
    WHERE field.value IS DISTINCT FROM before -> field.key AND field.key <> 'updated_at';
    IF TG_OP = 'UPDATE' AND changed IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_logs (
        tenant_id, user_id, user_email, is_superadmin_action, action, resource_type, resource_id, details
    )
    VALUES (
        tenant, get_acting_member(tenant), (SELECT email FROM users WHERE id = get_current_user_id()), is_superadmin(),
        TG_TABLE_NAME || '.' || lower(TG_OP), TG_TABLE_NAME, coalesce(after, before) ->> 'id',
        CASE TG_OP WHEN 'UPDATE' THEN jsonb_build_object('changed', changed) ELSE '{}' END
    );
    RETURN NULL;
END
