DECLARE
    posted_entries bigint;
    applied bigint;
    has_lots boolean;
    entry user_token_ledger;
BEGIN
    -- most statements post one entry
    UPDATE user_token_wallets AS wallet
    SET entry_number = posted.entry_number,
        current_tokens = posted.balance_after,
        reserved_tokens = posted.reserved_after,
        borrowed_tokens = posted.borrowed_after,
        lifetime_tokens = posted.lifetime_after
    FROM new_entries AS posted
    WHERE (SELECT count(*) FROM new_entries) = 1
        AND wallet.tenant_id = posted.tenant_id
        AND wallet.id = posted.wallet_id
        AND wallet.user_id = posted.user_id
        AND wallet.entry_number = posted.entry_number - 1
        AND wallet.current_tokens - wallet.borrowed_tokens
            = posted.balance_after - posted.borrowed_after - get_net_change(posted.direction, posted.amount)
        AND wallet.reserved_tokens = posted.reserved_after - get_reserved_change(posted.direction, posted.amount)
        AND wallet.lifetime_tokens
            = posted.lifetime_after - CASE posted.direction WHEN 'credit' THEN posted.amount ELSE 0 END
        AND (posted.source = 'reset' AND posted.posting_key IS NOT NULL) IS NOT TRUE
    RETURNING wallet.expiring_tokens > 0 OR posted.expires_at IS NOT NULL INTO has_lots;
    IF has_lots IS FALSE THEN
        RETURN NULL;
    END IF;

    IF has_lots IS NULL THEN
        -- the same for many, each of which follows from the one before it or from the wallet
        WITH posted AS (
            SELECT
                *,
                balance_after - borrowed_after AS net_after,
                balance_after - borrowed_after - get_net_change(direction, amount) AS net_before,
                reserved_after - get_reserved_change(direction, amount) AS reserved_before,
                lifetime_after - CASE direction WHEN 'credit' THEN amount ELSE 0 END AS lifetime_before
            FROM new_entries
        ),
        ordered AS (
            SELECT
                *,
                lag(entry_number) OVER numbered IS NULL AS is_first,
                (entry_number, net_before, reserved_before, lifetime_before) = (
                    lag(entry_number) OVER numbered + 1,
                    lag(net_after) OVER numbered,
                    lag(reserved_after) OVER numbered,
                    lag(lifetime_after) OVER numbered
                ) AS follows
            FROM posted
            WINDOW numbered AS (PARTITION BY tenant_id, wallet_id ORDER BY entry_number)
        ),
        changed AS (
            SELECT
                tenant_id, wallet_id, user_id, count(*) AS entries,
                min(entry_number) AS first_number, max(entry_number) AS entry_number,
                max(net_before) FILTER (WHERE is_first) AS net_before,
                max(reserved_before) FILTER (WHERE is_first) AS reserved_before,
                max(lifetime_before) FILTER (WHERE is_first) AS lifetime_before,
                bool_or(source = 'reset' AND posting_key IS NOT NULL) AS begins_month,
                bool_or(expires_at IS NOT NULL) AS has_lots
            FROM ordered
            GROUP BY tenant_id, wallet_id, user_id
            HAVING bool_and(follows OR is_first)
        ),
        brought AS (
            UPDATE user_token_wallets AS wallet
            SET entry_number = newest.entry_number,
                current_tokens = newest.balance_after,
                reserved_tokens = newest.reserved_after,
                borrowed_tokens = newest.borrowed_after,
                lifetime_tokens = newest.lifetime_after,
                last_reset_at = CASE WHEN changed.begins_month THEN now() ELSE wallet.last_reset_at END,
                next_reset_at = CASE
                    WHEN changed.begins_month THEN (SELECT get_month_start(1))
                    ELSE wallet.next_reset_at
                END
            FROM changed
            JOIN posted AS newest USING (tenant_id, wallet_id, user_id, entry_number)
            WHERE wallet.tenant_id = changed.tenant_id
                AND wallet.id = changed.wallet_id
                AND wallet.user_id = changed.user_id
                AND wallet.entry_number = changed.first_number - 1
                AND wallet.current_tokens - wallet.borrowed_tokens = changed.net_before
                AND wallet.reserved_tokens = changed.reserved_before
                AND wallet.lifetime_tokens = changed.lifetime_before
            RETURNING changed.entries, wallet.expiring_tokens > 0 OR changed.has_lots AS has_lots
        )
        SELECT coalesce(sum(brought.entries), 0), bool_or(brought.has_lots), (SELECT count(*) FROM new_entries)
        INTO applied, has_lots, posted_entries
        FROM brought;
        IF applied <> posted_entries THEN
            RAISE EXCEPTION 'an entry does not follow from its wallet'
                USING ERRCODE = 'TK007',
                    DETAIL = (
                        SELECT string_agg(format('entry %s of wallet %s', few.entry_number, few.wallet_id), ', ')
                        FROM (SELECT * FROM new_entries ORDER BY wallet_id, entry_number LIMIT 10) AS few
                    ),
                    HINT = 'Tokens are posted by functions such as adjust_user_tokens().';
        END IF;
    END IF;
    IF has_lots THEN
        FOR entry IN SELECT * FROM new_entries ORDER BY tenant_id, wallet_id, entry_number LOOP
            PERFORM account_for_lots(entry);
        END LOOP;
    END IF;
    RETURN NULL;
END
