DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    policy level_token_policies;
    wallet user_token_wallets;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'tokens belong to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF NOT (is_superadmin() OR is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, allocates tokens'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    policy := get_token_policy(tenant, p_user_id, p_level_id);
    IF policy.allocation_mode IS NULL THEN
        RAISE EXCEPTION 'neither level % nor user % has a token policy', p_level_id, p_user_id
            USING ERRCODE = 'no_data_found';
    END IF;

    wallet := lock_wallet(tenant, p_user_id, NULL);
    UPDATE user_token_wallets AS known
    SET level_id = p_level_id
    WHERE known.tenant_id = tenant AND known.user_id = p_user_id AND known.slot > 0;
    UPDATE user_token_wallets AS known
    SET level_id = p_level_id,
        monthly_allocation_tokens = CASE policy.allocation_mode WHEN 'monthly' THEN policy.monthly_allocation ELSE 0 END
    WHERE known.tenant_id = tenant AND known.id = wallet.id
    RETURNING * INTO STRICT wallet;

    IF policy.allocation_mode = 'lifetime' THEN
        PERFORM allocate_once(wallet, policy);
    ELSIF wallet.next_reset_at <= now() THEN
        PERFORM begin_months(tenant, p_user_id);
    ELSE
        PERFORM allocate_rest_of_month(wallet, policy);
    END IF;
    RETURN to_jsonb(lock_wallet(tenant, p_user_id, NULL));
END
