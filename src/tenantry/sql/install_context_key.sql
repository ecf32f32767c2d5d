DECLARE
    mask CONSTANT bytea := decode(nullif(current_setting('tenantry.key_mask', true), ''), 'hex');
    inner_pad bytea := p_masked_key;
    outer_pad bytea := p_masked_key;
    key_byte integer;
BEGIN
    IF mask IS NULL THEN
        RAISE EXCEPTION 'there is no mask that takes the mask off this key'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'tenantry keys install';
    END IF;
    IF length(p_masked_key) IS DISTINCT FROM length(mask) THEN
        RAISE EXCEPTION 'a masked context key has % bytes', length(mask)
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- an error of the table itself would show the row
    IF coalesce(p_kid !~ '^[0-9A-Za-z_-]+$', true) THEN
        RAISE EXCEPTION 'the name of a context key is made of letters, digits, _ and -'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR place IN 0 .. length(mask) - 1 LOOP
        key_byte := get_byte(p_masked_key, place) # get_byte(mask, place);
        inner_pad := set_byte(inner_pad, place, key_byte # x'36'::integer);
        outer_pad := set_byte(outer_pad, place, key_byte # x'5c'::integer);
    END LOOP;
    PERFORM set_config('tenantry.key_mask', '', true);
    INSERT INTO context_keys AS known (kid, inner_pad, outer_pad)
    VALUES (p_kid, inner_pad, outer_pad)
    ON CONFLICT ON CONSTRAINT pk_context_keys DO UPDATE
    SET inner_pad = excluded.inner_pad,
        outer_pad = excluded.outer_pad,
        installed_at = clock_timestamp(),
        valid_until = NULL;
END
