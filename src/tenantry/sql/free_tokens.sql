DECLARE
    reservation token_reservations;
BEGIN
    -- reservations that have expired give back what they hold as soon as somebody needs it
    IF p_wallet.reserved_tokens = 0 OR p_wallet.current_tokens - p_wallet.reserved_tokens >= p_requested THEN
        RETURN p_wallet;
    END IF;
    FOR reservation IN
        SELECT *
        FROM token_reservations AS held
        WHERE held.tenant_id = p_wallet.tenant_id
            AND held.wallet_id = p_wallet.id
            AND held.status = 'open'
            AND held.expires_at <= clock_timestamp()
    LOOP
        PERFORM end_token_reservation(reservation, 'expired');
    END LOOP;
    RETURN lock_slot(p_wallet.tenant_id, p_wallet.id);
END
