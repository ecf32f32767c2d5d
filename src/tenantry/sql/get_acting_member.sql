SELECT membership.user_id
FROM tenant_users AS membership
WHERE membership.tenant_id = p_tenant_id
    AND membership.user_id = get_current_user_id()
