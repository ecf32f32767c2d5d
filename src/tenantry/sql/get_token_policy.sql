DECLARE
    policy level_token_policies;
    own user_token_policies;
BEGIN
    SELECT * INTO policy
    FROM level_token_policies AS found
    WHERE found.tenant_id = p_tenant_id AND found.level_id = p_level_id;
    SELECT * INTO own
    FROM user_token_policies AS found
    WHERE found.tenant_id = p_tenant_id
        AND found.user_id = p_user_id
        AND (found.level_id = p_level_id OR found.level_id IS NULL);
    IF policy.id IS NULL AND own.id IS NULL THEN
        RETURN NULL;
    END IF;
    policy.base_allocation := coalesce(own.base_allocation, policy.base_allocation, 0);
    policy.monthly_allocation := coalesce(own.monthly_allocation, policy.monthly_allocation, 0);
    policy.monthly_cap := coalesce(own.monthly_cap, policy.monthly_cap);
    policy.rollover_percent := coalesce(own.rollover_percent, policy.rollover_percent, 0);
    policy.allocation_mode := coalesce(own.allocation_mode, policy.allocation_mode, 'lifetime');
    policy.enforcement_mode := coalesce(own.enforcement_mode, policy.enforcement_mode, 'monitor');
    RETURN policy;
END
