BEGIN
    IF NOT p_same THEN
        RAISE EXCEPTION 'the idempotency key % was used with other arguments', p_idempotency_key
            USING ERRCODE = 'TK002', HINT = 'A retry repeats the call as it was; another call takes a key of its own.';
    END IF;
END
