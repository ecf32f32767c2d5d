DECLARE
    -- what is wanted of what there is: a negative adjustment takes away like a debit
    requested CONSTANT bigint := CASE p_direction
        WHEN 'credit' THEN 0
        WHEN 'adjustment' THEN -p_amount
        ELSE p_amount
    END;
    available CONSTANT bigint := CASE p_direction
        -- what a reservation holds, only its end gives back
        WHEN 'release' THEN p_wallet.reserved_tokens - (
            SELECT coalesce(sum(held.amount), 0)
            FROM token_reservations AS held
            WHERE held.tenant_id = p_wallet.tenant_id AND held.wallet_id = p_wallet.id AND held.status = 'open'
        )
        ELSE p_wallet.current_tokens - p_wallet.reserved_tokens
    END;
    policy level_token_policies;
BEGIN
    IF p_wallet.status <> 'active' AND p_direction IN ('debit', 'reserve') THEN
        RAISE EXCEPTION 'the wallet is %', p_wallet.status
            USING ERRCODE = 'TK003';
    END IF;
    IF requested <= available THEN
        RETURN NULL;
    END IF;
    IF p_direction IN ('debit', 'reserve') THEN
        policy := get_token_policy(p_wallet.tenant_id, p_wallet.user_id, p_wallet.level_id);
        IF policy.enforcement_mode IN ('monitor', 'warn') THEN
            RETURN policy.enforcement_mode;
        END IF;
    END IF;
    RAISE EXCEPTION 'insufficient tokens to %: % available, % requested', p_direction, available, requested
        USING ERRCODE = 'TK001', DETAIL = jsonb_build_object('available', available, 'requested', requested)::text;
END
