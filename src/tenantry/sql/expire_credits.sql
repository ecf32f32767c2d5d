DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    everywhere CONSTANT boolean := is_superadmin();
    wallets user_token_wallets[];
BEGIN
    IF NOT everywhere AND (tenant IS NULL OR NOT is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, takes out what has expired'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- wallets are always locked in this order; what is left in them is looked at once they are
    SELECT array_agg(locked.wallet) INTO wallets
    FROM (
        SELECT wallet
        FROM user_token_wallets AS wallet
        WHERE wallet.expiring_tokens > 0
            AND (wallet.tenant_id = tenant OR everywhere)
            AND EXISTS (
                SELECT
                FROM token_lots AS lot
                WHERE lot.tenant_id = wallet.tenant_id
                    AND lot.wallet_id = wallet.id
                    AND lot.remaining_tokens > 0
                    AND lot.expires_at <= clock_timestamp()
                    -- what is kept for reservations waits for their end
                    AND (lot.expired_at IS NULL OR NOT EXISTS (
                        SELECT
                        FROM token_reservations AS held
                        WHERE held.tenant_id = lot.tenant_id AND held.wallet_id = lot.wallet_id AND held.status = 'open'
                    ))
            )
        ORDER BY wallet.tenant_id, wallet.user_id
        LIMIT p_limit
        FOR UPDATE
    ) AS locked;
    RETURN expire_lots(wallets);
END
