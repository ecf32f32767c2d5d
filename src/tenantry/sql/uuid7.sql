RETURN (
    -- milliseconds and 12 bits of what is left of them; the version goes between the two
    overlay(
        lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000000)::bigint * 512 / 125), 15, '0')
        PLACING '7' FROM 13 FOR 0
    )
    -- the variant and 62 random bits
    || substring(gen_random_uuid()::text FROM 20)
)::uuid
