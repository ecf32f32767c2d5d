-- Every entry of both logs as one text that tells any two apart, whatever the server's version and settings.
-- A column that came later stands at the end, and only where it is given: what was sealed before stays what it was.
SELECT
    entry_number,
    jsonb_build_array(
        'audit_logs', entry_number, tenant_id, id, created_at AT TIME ZONE 'UTC', user_id, user_email, login,
        impersonated_user_id, is_superadmin_action, action, operation, resource_type, resource_id, details,
        ip_address, user_agent
    )::text AS content
FROM audit_logs
UNION ALL
SELECT
    entry_number,
    (jsonb_build_array(
        'admin_audit_logs', entry_number, id, created_at AT TIME ZONE 'UTC', admin_id, admin_user_id, login, action,
        target_tenant_id, target_user_id, target_resource_type, target_resource_id, details, ip_address, user_agent
    ) || CASE WHEN recorded_in IS NULL THEN '[]' ELSE jsonb_build_array(recorded_in) END)::text
FROM admin_audit_logs
