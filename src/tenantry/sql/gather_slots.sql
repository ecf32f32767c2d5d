DECLARE
    main user_token_wallets := p_slots[1];
    slot user_token_wallets;
    tokens bigint;
    moved bigint := 0;
BEGIN
    FOREACH slot IN ARRAY p_slots[2:] LOOP
        tokens := slot.current_tokens - slot.reserved_tokens;
        IF tokens > 0 THEN
            PERFORM post_tokens(
                slot, 'adjustment', -tokens, p_reason, 'slots',
                p_reference_type => 'user_token_wallets',
                p_reference_id => main.id
            );
            moved := moved + tokens;
        END IF;
    END LOOP;
    IF moved > 0 THEN
        PERFORM post_tokens(main, 'adjustment', moved, p_reason, 'slots');
    END IF;
END
