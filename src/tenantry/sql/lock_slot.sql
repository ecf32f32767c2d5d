DECLARE
    slot user_token_wallets;
BEGIN
    LOOP
        SELECT * INTO STRICT slot
        FROM user_token_wallets AS known
        WHERE known.tenant_id = p_tenant_id AND known.id = p_wallet_id
        FOR UPDATE;
        IF slot.expiring_tokens = 0 OR expire_lots(ARRAY[slot]) = 0 THEN
            RETURN slot;
        END IF;
    END LOOP;
END
