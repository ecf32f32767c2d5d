DECLARE
    wallet user_token_wallets := lock_slot(p_reservation.tenant_id, p_reservation.wallet_id);
    ended token_reservations;
    -- where a slot has no more than was reserved, the others have the rest
    here bigint;
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
    here := CASE
        WHEN wallet.slots > 1 AND p_settled_amount > ended.amount THEN ended.amount
        ELSE p_settled_amount
    END;
    IF here > 0 THEN
        -- it is locked, and what was reserved before it expired is used now
        SELECT * INTO STRICT wallet
        FROM user_token_wallets AS known
        WHERE known.tenant_id = ended.tenant_id AND known.id = ended.wallet_id;
        PERFORM post_tokens(
            wallet, 'debit', here, ended.reason, 'reservation', 'settlement:' || ended.id,
            p_reference_type => 'token_reservations',
            p_reference_id => ended.id,
            p_execution_id => ended.execution_id,
            -- what was reserved has been allowed; only more than that is asked for anew
            p_enforcement_mode => CASE WHEN here > ended.amount THEN expect_tokens(wallet, 'debit', here) END
        );
    END IF;
    IF p_settled_amount > here THEN
        wallet := lock_wallet(ended.tenant_id, ended.user_id, p_settled_amount - here);
        PERFORM post_tokens(
            wallet, 'debit', p_settled_amount - here, ended.reason, 'reservation',
            p_reference_type => 'token_reservations',
            p_reference_id => ended.id,
            p_execution_id => ended.execution_id,
            p_enforcement_mode => expect_tokens(wallet, 'debit', p_settled_amount - here)
        );
    END IF;
    RETURN ended;
END
