DECLARE
    slot user_token_wallets;
    locked user_token_wallets[];
BEGIN
    SELECT * INTO STRICT slot
    FROM user_token_wallets AS known
    WHERE known.tenant_id = p_tenant_id AND known.user_id = p_user_id AND known.slot = 0;
    -- what comes in pays back what slot 0 has borrowed, and what goes out is first what expires
    IF p_requested IS NOT NULL AND slot.borrowed_tokens = 0 AND slot.expiring_tokens = 0 THEN
        BEGIN
            SELECT * INTO STRICT slot
            FROM user_token_wallets AS known
            WHERE known.tenant_id = p_tenant_id
                AND known.user_id = p_user_id
                AND known.slot < known.slots
                AND known.current_tokens - known.reserved_tokens >= p_requested
            -- a session keeps to its slot, so that calls of one transaction seldom lock several
            ORDER BY (known.slot + pg_backend_pid()) % known.slots
            LIMIT 1
            FOR UPDATE SKIP LOCKED;
            RETURN slot;
        EXCEPTION
            WHEN no_data_found THEN
                -- one that ran dry just then is locked all the same, and is let go before all are locked in order
                NULL;
        END;
    END IF;

    -- slots are always locked in this order
    FOR slot IN
        SELECT *
        FROM user_token_wallets AS known
        WHERE known.tenant_id = p_tenant_id AND known.user_id = p_user_id
        ORDER BY known.slot
        FOR UPDATE
    LOOP
        -- the first has been expired as it was looked at; reservations of the others may have
        locked := locked || free_tokens(lock_slot(p_tenant_id, slot.id), coalesce(p_requested, slot.current_tokens));
    END LOOP;
    IF p_requested IS NULL OR locked[1].current_tokens - locked[1].reserved_tokens < p_requested THEN
        PERFORM gather_slots(locked, 'gathered where they are needed');
        RETURN lock_slot(p_tenant_id, locked[1].id);
    END IF;
    RETURN locked[1];
END
