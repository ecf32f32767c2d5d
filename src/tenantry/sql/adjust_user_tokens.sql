DECLARE
    context CONSTANT uuid[] := verified_context();
    posted jsonb;
BEGIN
    -- nearly every call takes tokens from a wallet that has them, on behalf of somebody who may: one statement finds
    -- that, locks the wallet and posts; everything else, a retry included, goes the long way
    INSERT INTO user_token_ledger AS entry (
        tenant_id, user_id, wallet_id, level_id,
        entry_number, direction, amount,
        balance_after, reserved_after, lifetime_after,
        reason, source, idempotency_key, reference_type, reference_id, execution_id, metadata
    )
    SELECT
        wallet.tenant_id, wallet.user_id, wallet.id, wallet.level_id,
        wallet.entry_number + 1, p_direction, p_amount,
        wallet.current_tokens + get_net_change(p_direction, p_amount),
        wallet.reserved_tokens + get_reserved_change(p_direction, p_amount), wallet.lifetime_tokens,
        p_reason, p_source, p_idempotency_key, p_reference_type, p_reference_id, p_execution_id,
        coalesce(p_metadata, '{}')
    FROM user_token_wallets AS wallet
    JOIN tenant_users AS caller ON caller.tenant_id = wallet.tenant_id
    WHERE p_direction IN ('debit', 'reserve')
        AND p_amount > 0
        AND p_expires_at IS NULL
        AND wallet.tenant_id = context[1]
        AND wallet.user_id = p_user_id
        AND wallet.slot = 0
        AND wallet.slots = 1
        AND wallet.status = 'active'
        AND wallet.expiring_tokens = 0
        AND wallet.current_tokens - wallet.reserved_tokens >= p_amount
        AND (p_expected_level_id IS NULL OR wallet.level_id = p_expected_level_id)
        AND caller.user_id = context[2]
        AND caller.deactivated_at IS NULL
        AND may_take_tokens(caller.role, caller.user_id, wallet.user_id)
    FOR UPDATE OF wallet
    ON CONFLICT (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING to_jsonb(entry) INTO posted;
    IF FOUND THEN
        RETURN posted;
    END IF;
    RETURN adjust_any_wallet(
        p_user_id, p_amount, p_direction, p_reason, p_source, p_reference_type, p_reference_id, p_execution_id,
        p_metadata, p_idempotency_key, p_expected_level_id, p_expires_at
    );
END
