DECLARE
    -- two blocks of 32 bytes, each from 366 random bits
    mask CONSTANT bytea := (
        SELECT string_agg(sha256(block.randomness), NULL)
        FROM (
            SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
            FROM generate_series(1, 2)
        ) AS block (randomness)
    );
BEGIN
    PERFORM set_config('tenantry.key_mask', encode(mask, 'hex'), true);
    RETURN mask;
END
