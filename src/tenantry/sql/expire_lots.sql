DECLARE
    wallets integer;
BEGIN
    UPDATE token_lots AS lot
    SET expired_at = clock_timestamp()
    FROM unnest(p_wallets) AS wallet
    WHERE lot.tenant_id = wallet.tenant_id
        AND lot.wallet_id = wallet.id
        AND lot.remaining_tokens > 0
        AND lot.expires_at <= clock_timestamp()
        AND lot.expired_at IS NULL;

    INSERT INTO user_token_ledger (
        tenant_id, user_id, wallet_id, level_id,
        entry_number, direction, amount,
        balance_after, reserved_after, borrowed_after, lifetime_after,
        reason, source, posting_key
    )
    SELECT
        wallet.tenant_id, wallet.user_id, wallet.id, wallet.level_id,
        wallet.entry_number + 1, 'adjustment', -expired.tokens,
        wallet.current_tokens - expired.tokens, wallet.reserved_tokens, wallet.borrowed_tokens, wallet.lifetime_tokens,
        'credit expired', 'expiry', 'credit expiry:' || wallet.entry_number + 1
    FROM unnest(p_wallets) AS wallet
    CROSS JOIN LATERAL (
        -- what is left of lots up to one, less what was reserved before that one expired
        SELECT least(coalesce(max(lots.remaining - lots.reserved), 0), wallet.current_tokens - wallet.reserved_tokens)
        FROM (
            SELECT
                sum(lot.remaining_tokens) OVER (ORDER BY lot.expires_at)::bigint AS remaining,
                (
                    SELECT coalesce(sum(held.amount), 0)::bigint
                    FROM token_reservations AS held
                    WHERE held.tenant_id = wallet.tenant_id
                        AND held.wallet_id = wallet.id
                        AND held.status = 'open'
                        AND held.created_at < lot.expires_at
                ) AS reserved
            FROM token_lots AS lot
            WHERE lot.tenant_id = wallet.tenant_id
                AND lot.wallet_id = wallet.id
                AND lot.remaining_tokens > 0
                AND lot.expired_at IS NOT NULL
        ) AS lots
    ) AS expired (tokens)
    WHERE expired.tokens > 0
    ORDER BY wallet.tenant_id, wallet.user_id;
    GET DIAGNOSTICS wallets = ROW_COUNT;
    RETURN wallets;
END
