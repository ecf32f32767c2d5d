DECLARE
    wallet user_token_wallets := lock_wallet(p_reservation.tenant_id, p_reservation.user_id);
    ended token_reservations;
BEGIN
    UPDATE token_reservations AS held
    SET status = p_status,
        settled_amount = p_settled_amount,
        ended_at = clock_timestamp()
    WHERE held.tenant_id = p_reservation.tenant_id AND held.id = p_reservation.id AND held.status = 'open'
    RETURNING * INTO ended;
    IF NOT FOUND THEN
        -- ended by another call while this one waited for the wallet
        RETURN NULL;
    END IF;
    PERFORM post_tokens(
        wallet, 'release', ended.amount, ended.reason, 'reservation',
        p_reference_type => 'token_reservations',
        p_reference_id => ended.id,
        p_execution_id => ended.execution_id
    );
    IF p_settled_amount > 0 THEN
        -- it is locked, and what was reserved before it expired is used now
        SELECT * INTO STRICT wallet
        FROM user_token_wallets AS known
        WHERE known.tenant_id = ended.tenant_id AND known.id = ended.wallet_id;
        PERFORM post_tokens(
            wallet, 'debit', p_settled_amount, ended.reason, 'reservation', 'settlement:' || ended.id,
            p_reference_type => 'token_reservations',
            p_reference_id => ended.id,
            p_execution_id => ended.execution_id,
            -- what was reserved has been allowed; only more than that is asked for anew
            p_enforcement_mode => CASE
                WHEN p_settled_amount > ended.amount THEN expect_tokens(wallet, 'debit', p_settled_amount)
            END
        );
    END IF;
    RETURN ended;
END
