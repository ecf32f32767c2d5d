DECLARE
    context CONSTANT uuid[] := verified_context();
BEGIN
    RETURN QUERY
    SELECT tenant.id, tenant.slug, tenant.name, membership.role::text
    FROM tenant_users AS membership
    JOIN tenants AS tenant ON tenant.id = membership.tenant_id
    WHERE membership.user_id = context[2]
        AND membership.deactivated_at IS NULL
        AND tenant.deleted_at IS NULL
    ORDER BY tenant.name, tenant.id;
END
