DECLARE
    wallets integer;
BEGIN
    -- of a spread wallet the month begins in slot 0, for all that the slots have
    PERFORM lock_wallet(due.tenant_id, due.user_id, NULL)
    FROM (
        SELECT wallet.tenant_id, wallet.user_id
        FROM user_token_wallets AS wallet
        WHERE wallet.next_reset_at <= now()
            AND wallet.slot = 0
            AND wallet.slots > 1
            AND (p_tenant_id IS NULL OR wallet.tenant_id = p_tenant_id)
            AND (p_user_id IS NULL OR wallet.user_id = p_user_id)
        ORDER BY wallet.tenant_id, wallet.user_id
    ) AS due;
    WITH due AS MATERIALIZED (
        SELECT *
        FROM user_token_wallets AS wallet
        WHERE (wallet.next_reset_at <= now() OR (wallet.next_reset_at IS NULL AND wallet.monthly_allocation_tokens > 0))
            AND (p_tenant_id IS NULL OR wallet.tenant_id = p_tenant_id)
            AND (p_user_id IS NULL OR wallet.user_id = p_user_id)
            AND wallet.slot = 0
        -- wallets are always locked in this order; one that another call has just begun is no longer due
        ORDER BY wallet.tenant_id, wallet.user_id
        LIMIT p_limit
        FOR UPDATE
    ),
    -- the user's own policy takes precedence over the level's
    governed AS (
        SELECT
            due.*,
            -- what expires at a time of its own stays until then
            greatest(due.current_tokens - due.reserved_tokens - due.expiring_tokens, 0) AS unused,
            coalesce((due.next_reset_at AT TIME ZONE 'UTC')::text, 'first') AS month,
            coalesce(own.rollover_percent, level.rollover_percent, 0) AS rollover_percent,
            coalesce(own.monthly_cap, level.monthly_cap) AS cap,
            CASE coalesce(own.allocation_mode, level.allocation_mode)
                WHEN 'monthly' THEN coalesce(own.monthly_allocation, level.monthly_allocation, 0)
                ELSE due.monthly_allocation_tokens
            END AS allocation
        FROM due
        LEFT JOIN level_token_policies AS level ON level.tenant_id = due.tenant_id AND level.level_id = due.level_id
        LEFT JOIN user_token_policies AS own
            ON own.tenant_id = due.tenant_id
            AND own.user_id = due.user_id
            AND (own.level_id = due.level_id OR own.level_id IS NULL)
    ),
    -- part of what was unused stays, and the allocation fills up to the cap; least() passes over a cap that is NULL
    planned AS (
        SELECT governed.*, kept, least(allocation, cap - kept) AS credited
        FROM governed
        CROSS JOIN LATERAL (SELECT least(floor(unused * rollover_percent / 100)::bigint, cap)) AS rolled (kept)
    ),
    posted AS (
        INSERT INTO user_token_ledger (
            tenant_id, user_id, wallet_id, level_id,
            entry_number, direction, amount,
            balance_after, reserved_after, borrowed_after, lifetime_after,
            reason, source, posting_key, reference_type, reference_id, metadata
        )
        SELECT
            planned.tenant_id, planned.user_id, planned.id, planned.level_id,
            planned.entry_number + entry.place, entry.direction, entry.amount,
            greatest(entry.net, planned.reserved_tokens), planned.reserved_tokens,
            greatest(entry.net, planned.reserved_tokens) - entry.net, planned.lifetime_tokens + entry.lifetime,
            entry.reason, 'reset', entry.posting_key, entry.reference_type, entry.reference_id, entry.metadata
        FROM planned
        CROSS JOIN LATERAL (SELECT current_tokens - borrowed_tokens + kept - unused) AS rolled (net)
        CROSS JOIN LATERAL (
            VALUES
                (
                    1, 'adjustment', kept - unused, rolled.net, 0,
                    'unused tokens that do not roll over', 'expiry:' || month, NULL, NULL::uuid, '{}'::jsonb
                ),
                (
                    1 + (kept < unused)::integer, 'credit', credited, rolled.net + credited, credited,
                    'monthly allocation', 'allocation:' || month, 'level', level_id,
                    jsonb_build_object('allocation', allocation)
                )
        ) AS entry (
            place, direction, amount, net, lifetime, reason, posting_key, reference_type, reference_id, metadata
        )
        WHERE CASE entry.direction WHEN 'credit' THEN entry.amount > 0 ELSE entry.amount <> 0 END
        ORDER BY planned.tenant_id, planned.user_id, entry.place
    ),
    -- a wallet whose entries begin its month need not be written once more
    begun AS (
        UPDATE user_token_wallets AS wallet
        SET monthly_allocation_tokens = planned.allocation,
            last_reset_at = now(),
            next_reset_at = get_month_start(1)
        FROM planned
        WHERE wallet.tenant_id = planned.tenant_id
            AND wallet.id = planned.id
            AND (planned.allocation <> planned.monthly_allocation_tokens
                OR (planned.kept = planned.unused AND planned.credited <= 0))
    )
    SELECT count(*) INTO wallets
    FROM planned;
    RETURN wallets;
END
