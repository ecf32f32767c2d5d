DECLARE
    context CONSTANT uuid[] := verified_context();
BEGIN
    RETURN context[2] || ARRAY(
        SELECT membership.user_id
        FROM tenant_users AS membership
        WHERE membership.tenant_id = context[1]
    );
END
