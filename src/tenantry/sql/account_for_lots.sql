DECLARE
    -- what the balance was: the sum of all entries, or what is reserved where more has been borrowed
    net CONSTANT bigint := p_entry.balance_after - p_entry.borrowed_after
        - get_net_change(p_entry.direction, p_entry.amount);
    reserved CONSTANT bigint := p_entry.reserved_after - get_reserved_change(p_entry.direction, p_entry.amount);
    taken CONSTANT bigint := greatest(net, reserved) - p_entry.balance_after;
    reserved_at timestamptz;
BEGIN
    IF p_entry.expires_at IS NOT NULL THEN
        INSERT INTO token_lots (
            tenant_id, user_id, wallet_id, entry_id, source, tokens, remaining_tokens, expires_at
        )
        VALUES (
            p_entry.tenant_id, p_entry.user_id, p_entry.wallet_id, p_entry.id, p_entry.source,
            -taken, -taken, p_entry.expires_at
        );
        UPDATE user_token_wallets AS wallet
        SET expiring_tokens = wallet.expiring_tokens - taken
        WHERE wallet.tenant_id = p_entry.tenant_id AND wallet.id = p_entry.wallet_id;
        RETURN;
    END IF;
    -- a month that ends takes only what does not expire otherwise
    IF taken <= 0 OR p_entry.posting_key LIKE 'expiry:%' THEN
        RETURN;
    END IF;
    -- what was reserved before its credit expired may be used all the same
    SELECT reservation.created_at INTO reserved_at
    FROM token_reservations AS reservation
    WHERE reservation.tenant_id = p_entry.tenant_id
        AND p_entry.posting_key = 'settlement:' || reservation.id
        AND reservation.id = p_entry.reference_id;

    WITH ordered AS (
        SELECT
            lot.id,
            lot.remaining_tokens,
            sum(lot.remaining_tokens) OVER (
                ORDER BY lot.expires_at, coalesce(array_position(ARRAY['bonus', 'purchase'], lot.source), 0), lot.id
            ) - lot.remaining_tokens AS earlier
        FROM token_lots AS lot
        WHERE lot.tenant_id = p_entry.tenant_id
            AND lot.wallet_id = p_entry.wallet_id
            AND lot.remaining_tokens > 0
            AND CASE
                WHEN p_entry.posting_key LIKE 'credit expiry:%' THEN lot.expired_at IS NOT NULL
                ELSE lot.expired_at IS NULL OR reserved_at < lot.expires_at
            END
    ),
    used AS (
        SELECT ordered.id, least(ordered.remaining_tokens, taken - ordered.earlier) AS tokens
        FROM ordered
        WHERE ordered.earlier < taken
    ),
    recorded AS (
        INSERT INTO token_lot_uses (tenant_id, user_id, lot_id, entry_id, tokens)
        SELECT p_entry.tenant_id, p_entry.user_id, used.id, p_entry.id, used.tokens
        FROM used
    ),
    lowered AS (
        UPDATE token_lots AS lot
        SET remaining_tokens = lot.remaining_tokens - used.tokens
        FROM used
        WHERE lot.tenant_id = p_entry.tenant_id AND lot.id = used.id
    )
    UPDATE user_token_wallets AS wallet
    SET expiring_tokens = wallet.expiring_tokens - (SELECT coalesce(sum(used.tokens), 0) FROM used)
    WHERE wallet.tenant_id = p_entry.tenant_id
        AND wallet.id = p_entry.wallet_id
        AND EXISTS (SELECT FROM used);
END
