DECLARE
    tenant CONSTANT uuid := authorize_tokens(p_user_id, 'reserve', false);
    wallet user_token_wallets;
    reservation token_reservations;
BEGIN
    IF (p_amount > 0 AND p_expires_in > interval '0') IS NOT TRUE THEN
        RAISE EXCEPTION 'cannot reserve % tokens for %', p_amount, p_expires_in
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A reservation has a positive amount and a time to last.';
    END IF;

    wallet := lock_wallet(tenant, p_user_id, p_amount);
    IF p_idempotency_key IS NOT NULL THEN
        IF wallet.slots > 1 THEN
            -- a retry may have found another slot
            PERFORM pg_advisory_xact_lock(hashtextextended(p_idempotency_key, 0));
        END IF;
        SELECT * INTO reservation
        FROM token_reservations AS known
        WHERE known.tenant_id = tenant AND known.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            PERFORM expect_same_call(
                p_idempotency_key,
                (
                    reservation.user_id, reservation.amount, reservation.reason, reservation.reference_type,
                    reservation.reference_id, reservation.execution_id, reservation.metadata
                ) IS NOT DISTINCT FROM (
                    p_user_id, p_amount, p_reason, p_reference_type,
                    p_reference_id, p_execution_id, coalesce(p_metadata, '{}')
                )
            );
            RETURN to_jsonb(reservation);
        END IF;
    END IF;

    wallet := free_tokens(wallet, p_amount);
    INSERT INTO token_reservations (
        tenant_id, user_id, wallet_id, amount, expires_at, reason,
        reference_type, reference_id, execution_id, idempotency_key, metadata, created_at
    )
    VALUES (
        tenant, p_user_id, wallet.id, p_amount, clock_timestamp() + p_expires_in, p_reason,
        p_reference_type, p_reference_id, p_execution_id, p_idempotency_key, coalesce(p_metadata, '{}'),
        clock_timestamp()
    )
    ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
    RETURNING * INTO reservation;
    IF NOT FOUND THEN
        -- a call for another wallet was there first
        PERFORM expect_same_call(p_idempotency_key, false);
    END IF;
    PERFORM post_tokens(
        wallet, 'reserve', p_amount, p_reason, 'reservation',
        p_reference_type => 'token_reservations',
        p_reference_id => reservation.id,
        p_execution_id => p_execution_id,
        p_enforcement_mode => expect_tokens(wallet, 'reserve', p_amount)
    );
    RETURN to_jsonb(reservation);
END
