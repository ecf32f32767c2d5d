BEGIN
    RETURN QUERY
    WITH sums AS (
        SELECT
            entry.tenant_id,
            entry.wallet_id,
            sum(get_net_change(entry.direction, entry.amount)) AS net,
            sum(get_reserved_change(entry.direction, entry.amount)) AS reserved,
            coalesce(sum(entry.amount) FILTER (WHERE entry.direction = 'credit'), 0) AS lifetime,
            count(*) FILTER (WHERE entry.entry_number > 0) AS numbered
        FROM user_token_ledger AS entry
        WHERE p_tenant_id IS NULL OR entry.tenant_id = p_tenant_id
        GROUP BY entry.tenant_id, entry.wallet_id
    ),
    lots AS (
        SELECT
            lot.tenant_id,
            lot.wallet_id,
            sum(lot.tokens - coalesce(used.tokens, 0))::bigint AS expiring,
            bool_or(lot.remaining_tokens <> lot.tokens - coalesce(used.tokens, 0)) AS differ
        FROM token_lots AS lot
        LEFT JOIN (
            SELECT use.tenant_id, use.lot_id, sum(use.tokens) AS tokens
            FROM token_lot_uses AS use
            WHERE p_tenant_id IS NULL OR use.tenant_id = p_tenant_id
            GROUP BY use.tenant_id, use.lot_id
        ) AS used ON used.tenant_id = lot.tenant_id AND used.lot_id = lot.id
        WHERE p_tenant_id IS NULL OR lot.tenant_id = p_tenant_id
        GROUP BY lot.tenant_id, lot.wallet_id
    )
    SELECT
        wallet.tenant_id,
        wallet.id,
        wallet.user_id,
        wallet.current_tokens - wallet.borrowed_tokens,
        coalesce(sums.net, 0)::bigint,
        wallet.reserved_tokens,
        coalesce(sums.reserved, 0)::bigint,
        wallet.lifetime_tokens,
        coalesce(sums.lifetime, 0)::bigint,
        wallet.entry_number,
        coalesce(sums.numbered, 0),
        wallet.expiring_tokens,
        coalesce(lots.expiring, 0)
    FROM user_token_wallets AS wallet
    LEFT JOIN sums ON sums.tenant_id = wallet.tenant_id AND sums.wallet_id = wallet.id
    LEFT JOIN lots ON lots.tenant_id = wallet.tenant_id AND lots.wallet_id = wallet.id
    WHERE (p_tenant_id IS NULL OR wallet.tenant_id = p_tenant_id)
        AND (
            wallet.current_tokens - wallet.borrowed_tokens,
            wallet.reserved_tokens,
            wallet.lifetime_tokens,
            wallet.entry_number,
            wallet.expiring_tokens,
            false
        ) IS DISTINCT FROM (
            coalesce(sums.net, 0),
            coalesce(sums.reserved, 0),
            coalesce(sums.lifetime, 0),
            coalesce(sums.numbered, 0),
            coalesce(lots.expiring, 0),
            coalesce(lots.differ, false)
        );
END
