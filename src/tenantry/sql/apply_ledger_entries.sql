DECLARE
    entries CONSTANT bigint := (SELECT count(*) FROM new_entries);
    applied bigint;
    has_lots boolean;
    entry user_token_ledger;
BEGIN
    IF entries = 0 THEN
        RETURN NULL;
    ELSIF entries = 1 THEN
        UPDATE user_token_wallets AS wallet
        SET entry_number = posted.entry_number,
            current_tokens = posted.balance_after,
            reserved_tokens = posted.reserved_after,
            borrowed_tokens = posted.borrowed_after,
            lifetime_tokens = posted.lifetime_after,
            last_reset_at = CASE WHEN posted.begins_month THEN now() ELSE wallet.last_reset_at END,
            next_reset_at = CASE WHEN posted.begins_month THEN get_month_start(1) ELSE wallet.next_reset_at END
        FROM (
            SELECT *, source = 'reset' AND posting_key IS NOT NULL AS begins_month
            FROM new_entries
        ) AS posted
        WHERE wallet.tenant_id = posted.tenant_id
            AND wallet.id = posted.wallet_id
            AND wallet.user_id = posted.user_id
            AND wallet.entry_number = posted.entry_number - 1
            AND wallet.current_tokens - wallet.borrowed_tokens
                = posted.balance_after - posted.borrowed_after - get_net_change(posted.direction, posted.amount)
            AND wallet.reserved_tokens = posted.reserved_after - get_reserved_change(posted.direction, posted.amount)
            AND wallet.lifetime_tokens
                = posted.lifetime_after - CASE posted.direction WHEN 'credit' THEN posted.amount ELSE 0 END
        RETURNING 1, wallet.expiring_tokens > 0 OR posted.expires_at IS NOT NULL INTO applied, has_lots;
    ELSE
        -- the same for many: less what has been posted up to it, each entry says what the wallet held before all
        WITH posted AS (
            SELECT
                *,
                entry_number - row_number() OVER running AS number_before,
                balance_after - borrowed_after - sum(get_net_change(direction, amount)) OVER running AS net_before,
                reserved_after - sum(get_reserved_change(direction, amount)) OVER running AS reserved_before,
                lifetime_after
                    - sum(CASE direction WHEN 'credit' THEN amount ELSE 0 END) OVER running AS lifetime_before
            FROM new_entries
            WINDOW running AS (PARTITION BY tenant_id, wallet_id ORDER BY entry_number ROWS UNBOUNDED PRECEDING)
        ),
        changed AS (
            SELECT
                tenant_id, wallet_id, user_id, max(entry_number) AS entry_number, count(*) AS entries,
                min(number_before) AS number_before, min(net_before) AS net_before,
                min(reserved_before) AS reserved_before, min(lifetime_before) AS lifetime_before,
                bool_or(source = 'reset' AND posting_key IS NOT NULL) AS begins_month,
                bool_or(expires_at IS NOT NULL) AS has_lots
            FROM posted
            GROUP BY tenant_id, wallet_id, user_id
            HAVING (min(number_before), min(net_before), min(reserved_before), min(lifetime_before))
                = (max(number_before), max(net_before), max(reserved_before), max(lifetime_before))
        ),
        brought AS (
            UPDATE user_token_wallets AS wallet
            SET entry_number = newest.entry_number,
                current_tokens = newest.balance_after,
                reserved_tokens = newest.reserved_after,
                borrowed_tokens = newest.borrowed_after,
                lifetime_tokens = newest.lifetime_after,
                last_reset_at = CASE WHEN changed.begins_month THEN now() ELSE wallet.last_reset_at END,
                next_reset_at = CASE WHEN changed.begins_month THEN get_month_start(1) ELSE wallet.next_reset_at END
            FROM changed
            JOIN posted AS newest USING (tenant_id, wallet_id, user_id, entry_number)
            WHERE wallet.tenant_id = changed.tenant_id
                AND wallet.id = changed.wallet_id
                AND wallet.user_id = changed.user_id
                AND wallet.entry_number = changed.number_before
                AND wallet.current_tokens - wallet.borrowed_tokens = changed.net_before
                AND wallet.reserved_tokens = changed.reserved_before
                AND wallet.lifetime_tokens = changed.lifetime_before
            RETURNING changed.entries, wallet.expiring_tokens > 0 OR changed.has_lots AS has_lots
        )
        SELECT sum(brought.entries), bool_or(brought.has_lots) INTO applied, has_lots
        FROM brought;
    END IF;
    IF applied IS DISTINCT FROM entries THEN
        RAISE EXCEPTION 'an entry does not follow from its wallet'
            USING ERRCODE = 'TK007',
                DETAIL = (
                    SELECT string_agg(format('entry %s of wallet %s', few.entry_number, few.wallet_id), ', ')
                    FROM (SELECT * FROM new_entries ORDER BY wallet_id, entry_number LIMIT 10) AS few
                ),
                HINT = 'Tokens are posted by functions such as adjust_user_tokens().';
    END IF;
    IF has_lots THEN
        FOR entry IN SELECT * FROM new_entries ORDER BY tenant_id, wallet_id, entry_number LOOP
            PERFORM account_for_lots(entry);
        END LOOP;
    END IF;
    RETURN NULL;
END
