DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    wallet user_token_wallets;
    available bigint;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'tokens belong to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF (
        is_superadmin()
        OR is_tenant_admin()
        OR (
            is_tenant_writer()
            AND p_user_id = get_current_user_id()
            AND p_direction IN ('debit', 'reserve', 'release')
        )
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'not allowed to % tokens of user %', p_direction, p_user_id
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (p_direction IN ('credit', 'debit', 'reserve', 'release') AND p_amount > 0) IS NOT TRUE
        AND (p_direction = 'adjustment' AND p_amount <> 0) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'cannot % % tokens', p_direction, p_amount
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'credit, debit, reserve and release take a positive amount, adjustment any but zero.';
    END IF;

    wallet := lock_wallet(tenant, p_user_id);
    IF wallet.status <> 'active' AND p_direction IN ('debit', 'reserve') THEN
        RAISE EXCEPTION 'the wallet is %', wallet.status
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    available := CASE p_direction
        WHEN 'release' THEN wallet.reserved_tokens
        ELSE wallet.current_tokens - wallet.reserved_tokens
    END;
    -- an adjustment takes away by being negative
    IF p_direction <> 'credit' AND available < (CASE p_direction WHEN 'adjustment' THEN -p_amount ELSE p_amount END) THEN
        RAISE EXCEPTION 'insufficient tokens to %: % available, % requested', p_direction, available, abs(p_amount)
            USING ERRCODE = 'check_violation', TABLE = 'user_token_wallets';
    END IF;

    RETURN to_jsonb(post_tokens(
        wallet.id, tenant, p_direction, p_amount, p_reason, p_source,
        NULL, p_reference_type, p_reference_id, p_execution_id, coalesce(p_metadata, '{}')
    ));
END
