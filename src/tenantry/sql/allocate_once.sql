DECLARE
    once CONSTANT text := 'level:' || p_wallet.level_id;
BEGIN
    UPDATE user_token_wallets AS known
    SET next_reset_at = NULL
    WHERE known.tenant_id = p_wallet.tenant_id AND known.id = p_wallet.id;
    IF p_policy.base_allocation > 0 AND NOT EXISTS (
        SELECT
        FROM user_token_ledger AS entry
        WHERE entry.tenant_id = p_wallet.tenant_id AND entry.wallet_id = p_wallet.id AND entry.posting_key = once
    ) THEN
        PERFORM post_tokens(
            p_wallet, 'credit', p_policy.base_allocation,
            'allocation of the level', 'allocation', once, 'level', p_wallet.level_id
        );
    END IF;
END
