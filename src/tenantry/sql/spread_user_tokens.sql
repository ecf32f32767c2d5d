DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    main user_token_wallets;
    other user_token_wallets;
    before integer;
    share bigint;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'tokens belong to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF NOT (is_superadmin() OR is_tenant_owner()) THEN
        RAISE EXCEPTION 'only an owner of the tenant, or a superadmin, spreads a wallet'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (p_slots BETWEEN 1 AND 64) IS NOT TRUE THEN
        RAISE EXCEPTION 'cannot spread a wallet over % slots', p_slots
            USING ERRCODE = 'invalid_parameter_value', HINT = 'It has 1 to 64 of them.';
    END IF;

    -- everything is in slot 0 then, but for what is reserved elsewhere
    main := lock_wallet(tenant, p_user_id, NULL);
    before := main.slots;
    IF EXISTS (
        SELECT
        FROM user_token_wallets AS known
        WHERE known.tenant_id = tenant
            AND known.user_id = p_user_id
            AND known.slot >= p_slots
            AND known.reserved_tokens > 0
    ) THEN
        RAISE EXCEPTION 'cannot spread the wallet of user % over % slots: others have reservations', p_user_id, p_slots
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Settle or release them first.';
    END IF;
    INSERT INTO user_token_wallets (tenant_id, user_id, slot, level_id, status)
    SELECT tenant, p_user_id, number, main.level_id, main.status
    FROM generate_series(1, p_slots - 1) AS number
    ON CONFLICT (tenant_id, user_id, slot) DO NOTHING;
    UPDATE user_token_wallets AS known
    SET slots = p_slots
    WHERE known.tenant_id = tenant AND known.user_id = p_user_id;

    share := (main.current_tokens - main.reserved_tokens - main.expiring_tokens) / p_slots;
    IF p_slots > 1 AND share > 0 THEN
        main := lock_slot(tenant, main.id);
        PERFORM post_tokens(main, 'adjustment', -share * (p_slots - 1), 'spread over slots', 'slots');
        FOR other IN
            SELECT *
            FROM user_token_wallets AS known
            WHERE known.tenant_id = tenant AND known.user_id = p_user_id AND known.slot BETWEEN 1 AND p_slots - 1
            ORDER BY known.slot
        LOOP
            PERFORM post_tokens(
                other, 'adjustment', share, 'spread over slots', 'slots',
                p_reference_type => 'user_token_wallets',
                p_reference_id => main.id
            );
        END LOOP;
    END IF;
    RETURN before;
END
