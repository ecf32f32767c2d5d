DECLARE
    context CONSTANT uuid[] := verified_context();
    member_role text;
BEGIN
    IF context[1] IS NULL THEN
        RAISE EXCEPTION 'tokens belong to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF NOT p_makes_tokens THEN
        SELECT membership.role INTO member_role
        FROM tenant_users AS membership
        WHERE membership.tenant_id = context[1]
            AND membership.user_id = context[2]
            AND membership.deactivated_at IS NULL;
        IF may_take_tokens(member_role, context[2], p_user_id) THEN
            RETURN context[1];
        END IF;
    END IF;
    IF NOT is_superadmin() THEN
        RAISE EXCEPTION 'not allowed to % tokens of user %', p_action, p_user_id
            USING ERRCODE = 'insufficient_privilege',
                HINT = 'Members use their own tokens, owners and admins those of their tenant;'
                    ' tokens are made by the superadmin and by allocation.';
    END IF;
    RETURN context[1];
END
