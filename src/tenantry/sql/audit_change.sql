DECLARE
    changed_table CONSTANT text := TG_RELID::regclass;
    sensitive CONSTANT text[] := coalesce(TG_ARGV, '{}');
    as_superadmin boolean;
    actor uuid;
    actor_email text;
    acts_in uuid[];
BEGIN
    -- a statement that found no rows costs no more than this
    IF TG_OP = 'DELETE' THEN
        PERFORM FROM old_rows LIMIT 1;
    ELSE
        PERFORM FROM new_rows LIMIT 1;
    END IF;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    as_superadmin := is_superadmin();
    actor := get_current_user_id();
    IF actor IS NOT NULL THEN
        SELECT email INTO actor_email FROM users WHERE id = actor;
        SELECT array_agg(tenant_id) INTO acts_in FROM tenant_users WHERE user_id = actor;
    END IF;

    IF TG_OP = 'INSERT' THEN
        INSERT INTO audit_logs (
            tenant_id, user_id, user_email, login, is_superadmin_action,
            action, operation, resource_type, resource_id, details
        )
        SELECT
            tenant, CASE WHEN tenant = ANY (acts_in) THEN actor END, actor_email, session_user, as_superadmin,
            changed_table || '.insert', 'insert', changed_table, image ->> 'id', details
        FROM (SELECT to_jsonb(new_rows) FROM new_rows OFFSET 0) AS written (image)
        CROSS JOIN LATERAL (
            SELECT coalesce(image ->> 'tenant_id', image ->> 'id')::uuid, describe_change(NULL, image, sensitive)
        ) AS change (tenant, details);
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO audit_logs (
            tenant_id, user_id, user_email, login, is_superadmin_action,
            action, operation, resource_type, resource_id, details
        )
        SELECT
            tenant, CASE WHEN tenant = ANY (acts_in) THEN actor END, actor_email, session_user, as_superadmin,
            changed_table || '.delete', 'delete', changed_table, image ->> 'id', details
        FROM (SELECT to_jsonb(old_rows) FROM old_rows OFFSET 0) AS written (image)
        CROSS JOIN LATERAL (
            SELECT coalesce(image ->> 'tenant_id', image ->> 'id')::uuid, describe_change(image, NULL, sensitive)
        ) AS change (tenant, details);
    ELSE
        INSERT INTO audit_logs (
            tenant_id, user_id, user_email, login, is_superadmin_action,
            action, operation, resource_type, resource_id, details
        )
        SELECT
            tenant, CASE WHEN tenant = ANY (acts_in) THEN actor END, actor_email, session_user, as_superadmin,
            changed_table || '.' || operation, operation, changed_table, row_id, details
        FROM (SELECT to_jsonb(old_rows) FROM old_rows OFFSET 0) AS former (image)
        -- a row whose key changes is one that goes and one that comes
        FULL JOIN (SELECT to_jsonb(new_rows) FROM new_rows OFFSET 0) AS present (image)
            ON present.image ->> 'id' = former.image ->> 'id'
            AND coalesce(present.image ->> 'tenant_id', '') = coalesce(former.image ->> 'tenant_id', '')
        CROSS JOIN LATERAL (SELECT coalesce(present.image, former.image)) AS known (image)
        CROSS JOIN LATERAL (
            SELECT
                coalesce(known.image ->> 'tenant_id', known.image ->> 'id')::uuid,
                known.image ->> 'id',
                CASE WHEN former.image IS NULL THEN 'insert' WHEN present.image IS NULL THEN 'delete' ELSE 'update' END,
                describe_change(former.image, present.image, sensitive)
            OFFSET 0
        ) AS change (tenant, row_id, operation, details)
        WHERE details IS NOT NULL;
    END IF;
    RETURN NULL;
END
