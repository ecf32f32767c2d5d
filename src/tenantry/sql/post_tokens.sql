DECLARE
    -- the balance less what is borrowed: the sum of all entries
    net CONSTANT bigint := p_wallet.current_tokens - p_wallet.borrowed_tokens + get_net_change(p_direction, p_amount);
    reserved CONSTANT bigint := p_wallet.reserved_tokens + get_reserved_change(p_direction, p_amount);
    -- what is missing is borrowed, and paid back by what comes in
    balance CONSTANT bigint := greatest(net, reserved);
    entry user_token_ledger;
BEGIN
    INSERT INTO user_token_ledger (
        tenant_id, user_id, wallet_id, level_id,
        entry_number, direction, amount,
        balance_after, reserved_after, borrowed_after,
        lifetime_after,
        reason, source, posting_key, idempotency_key, reference_type, reference_id, execution_id,
        enforcement_mode, metadata, expires_at
    )
    VALUES (
        p_wallet.tenant_id, p_wallet.user_id, p_wallet.id, p_wallet.level_id,
        p_wallet.entry_number + 1, p_direction, p_amount,
        balance, reserved, balance - net,
        p_wallet.lifetime_tokens + CASE p_direction WHEN 'credit' THEN p_amount ELSE 0 END,
        p_reason, p_source, p_posting_key, p_idempotency_key, p_reference_type, p_reference_id, p_execution_id,
        p_enforcement_mode, p_metadata, p_expires_at
    )
    ON CONFLICT (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING * INTO entry;
    IF NOT FOUND THEN
        -- a call for another wallet was there first
        PERFORM expect_same_call(p_idempotency_key, false);
    END IF;
    RETURN entry;
END
