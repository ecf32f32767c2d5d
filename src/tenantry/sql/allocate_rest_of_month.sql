DECLARE
    -- the most that this month has been allotted: going down and up again between levels brings nothing twice
    allotted CONSTANT bigint := coalesce(
        (
            SELECT max((entry.metadata ->> 'allocation')::bigint)
            FROM user_token_ledger AS entry
            WHERE entry.tenant_id = p_wallet.tenant_id
                AND entry.wallet_id = p_wallet.id
                AND entry.posting_key LIKE 'allocation:%'
                AND entry.created_at >= get_month_start()
        ),
        0
    );
    credited bigint := p_policy.monthly_allocation - allotted;
BEGIN
    IF p_policy.monthly_cap IS NOT NULL THEN
        credited := least(credited, p_policy.monthly_cap
            - greatest(p_wallet.current_tokens - p_wallet.reserved_tokens - p_wallet.expiring_tokens, 0));
    END IF;
    IF credited > 0 THEN
        PERFORM post_tokens(
            p_wallet, 'credit', credited,
            'monthly allocation', 'allocation',
            format('allocation:%s:%s', (get_month_start() AT TIME ZONE 'UTC')::date, p_policy.monthly_allocation),
            'level', p_wallet.level_id, NULL,
            jsonb_build_object('allocation', p_policy.monthly_allocation)
        );
    END IF;
    UPDATE user_token_wallets AS known
    SET next_reset_at = get_month_start(1)
    WHERE known.tenant_id = p_wallet.tenant_id AND known.id = p_wallet.id;
END
