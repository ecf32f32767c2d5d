DECLARE
    block bytea := CASE WHEN length(p_key) > 64 THEN sha256(p_key) ELSE p_key END;
    inner_pad bytea := decode(repeat('36', 64), 'hex');
    outer_pad bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    IF p_key IS NULL OR length(p_key) < 32 THEN
        RAISE EXCEPTION 'a context key has at least 32 bytes'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR place IN 0 .. length(block) - 1 LOOP
        inner_pad := set_byte(inner_pad, place, get_byte(inner_pad, place) # get_byte(block, place));
        outer_pad := set_byte(outer_pad, place, get_byte(outer_pad, place) # get_byte(block, place));
    END LOOP;
    INSERT INTO context_keys AS known (kid, inner_pad, outer_pad)
    VALUES (p_kid, inner_pad, outer_pad)
    ON CONFLICT ON CONSTRAINT pk_context_keys DO UPDATE
    SET inner_pad = excluded.inner_pad, outer_pad = excluded.outer_pad, installed_at = clock_timestamp();
END
