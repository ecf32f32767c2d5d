DECLARE
    context CONSTANT uuid[] := verified_context();
BEGIN
    RETURN (
        SELECT membership.role
        FROM tenant_users AS membership
        WHERE membership.tenant_id = context[1]
            AND membership.user_id = context[2]
            AND membership.deactivated_at IS NULL
    );
END
