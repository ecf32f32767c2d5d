DECLARE
    wallet user_token_wallets;
    entry user_token_ledger;
BEGIN
    UPDATE user_token_wallets AS known
    SET current_tokens = current_tokens + CASE p_direction
            WHEN 'credit' THEN p_amount
            WHEN 'debit' THEN -p_amount
            WHEN 'adjustment' THEN p_amount
            ELSE 0
        END,
        reserved_tokens = reserved_tokens + CASE p_direction
            WHEN 'reserve' THEN p_amount
            WHEN 'release' THEN -p_amount
            ELSE 0
        END,
        lifetime_tokens = lifetime_tokens + CASE p_direction WHEN 'credit' THEN p_amount ELSE 0 END
    WHERE known.tenant_id = p_tenant_id AND known.id = p_wallet_id
    RETURNING * INTO STRICT wallet;

    INSERT INTO user_token_ledger (
        tenant_id, user_id, wallet_id, level_id,
        direction, amount, balance_after, reserved_after, lifetime_after,
        reason, source, posting_key, reference_type, reference_id, execution_id, metadata
    )
    VALUES (
        wallet.tenant_id, wallet.user_id, wallet.id, wallet.level_id,
        p_direction, p_amount, wallet.current_tokens, wallet.reserved_tokens, wallet.lifetime_tokens,
        p_reason, p_source, p_posting_key, p_reference_type, p_reference_id, p_execution_id, p_metadata
    )
    RETURNING * INTO STRICT entry;
    RETURN entry;
END
