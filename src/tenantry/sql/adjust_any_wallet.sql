DECLARE
    makes_tokens CONSTANT boolean := p_direction = 'credit' OR (p_direction = 'adjustment' AND p_amount > 0);
    tenant CONSTANT uuid := authorize_tokens(p_user_id, p_direction, coalesce(makes_tokens, false));
    wallet user_token_wallets;
    entry user_token_ledger;
    enforcement_mode text;
BEGIN
    IF (p_direction IN ('credit', 'debit', 'reserve', 'release') AND p_amount > 0) IS NOT TRUE
        AND (p_direction = 'adjustment' AND p_amount <> 0) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'cannot % % tokens', p_direction, p_amount
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'credit, debit, reserve and release take a positive amount, adjustment any but zero.';
    END IF;

    wallet := lock_wallet(tenant, p_user_id, CASE
        WHEN p_direction = 'debit' THEN p_amount
        -- what is reserved by hand, or expires, is in slot 0
        WHEN p_direction IN ('reserve', 'release') OR p_expires_at IS NOT NULL THEN NULL
        WHEN p_direction = 'adjustment' THEN greatest(-p_amount, 0)
        ELSE 0
    END);
    IF p_idempotency_key IS NOT NULL THEN
        IF wallet.slots > 1 THEN
            -- a retry may have found another slot
            PERFORM pg_advisory_xact_lock(hashtextextended(p_idempotency_key, 0));
        END IF;
        SELECT * INTO entry
        FROM user_token_ledger AS known
        WHERE known.tenant_id = tenant AND known.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            PERFORM expect_same_call(
                p_idempotency_key,
                (
                    entry.user_id, entry.direction, entry.amount, entry.reason, entry.source,
                    entry.reference_type, entry.reference_id, entry.execution_id, entry.metadata, entry.expires_at
                ) IS NOT DISTINCT FROM (
                    p_user_id, p_direction, p_amount, p_reason, p_source,
                    p_reference_type, p_reference_id, p_execution_id, coalesce(p_metadata, '{}'), p_expires_at
                )
            );
            RETURN to_jsonb(entry);
        END IF;
    END IF;
    IF p_expected_level_id IS NOT NULL AND wallet.level_id IS DISTINCT FROM p_expected_level_id THEN
        RAISE EXCEPTION 'the wallet is on level %, not on the expected %', wallet.level_id, p_expected_level_id
            USING ERRCODE = 'TK004';
    END IF;

    IF p_expires_at IS NOT NULL AND (p_direction <> 'credit' OR p_expires_at <= clock_timestamp()) THEN
        RAISE EXCEPTION 'a % of tokens cannot expire at %', p_direction, p_expires_at
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A credit can, at a time to come.';
    END IF;
    -- whoever has enough is asked nothing more
    IF NOT (
        p_direction = 'credit' OR p_amount <= wallet.current_tokens - wallet.reserved_tokens
        AND wallet.status = 'active' AND p_direction IN ('debit', 'reserve')
    ) THEN
        IF p_direction IN ('debit', 'reserve') THEN
            wallet := free_tokens(wallet, p_amount);
        END IF;
        enforcement_mode := expect_tokens(wallet, p_direction, p_amount);
    END IF;
    RETURN to_jsonb(post_tokens(
        wallet, p_direction, p_amount, p_reason, p_source,
        p_reference_type => p_reference_type,
        p_reference_id => p_reference_id,
        p_execution_id => p_execution_id,
        p_metadata => coalesce(p_metadata, '{}'),
        p_idempotency_key => p_idempotency_key,
        p_enforcement_mode => enforcement_mode,
        p_expires_at => p_expires_at
    ));
END
