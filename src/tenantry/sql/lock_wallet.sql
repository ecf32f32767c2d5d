DECLARE
    wallet user_token_wallets;
BEGIN
    LOOP
        SELECT * INTO wallet
        FROM user_token_wallets AS known
        WHERE known.tenant_id = p_tenant_id AND known.user_id = p_user_id AND known.slot = 0 AND known.slots = 1
        FOR UPDATE;
        IF FOUND THEN
            IF wallet.expiring_tokens = 0 OR expire_lots(ARRAY[wallet]) = 0 THEN
                RETURN wallet;
            END IF;
            CONTINUE;
        END IF;
        IF EXISTS (
            SELECT
            FROM user_token_wallets AS known
            WHERE known.tenant_id = p_tenant_id AND known.user_id = p_user_id AND known.slots > 1
        ) THEN
            RETURN choose_slot(p_tenant_id, p_user_id, p_requested);
        END IF;
        -- whoever comes second waits here for the first, and then finds the wallet
        INSERT INTO user_token_wallets (tenant_id, user_id)
        VALUES (p_tenant_id, p_user_id)
        ON CONFLICT (tenant_id, user_id, slot) DO NOTHING;
    END LOOP;
END
