SELECT encode(
    int8send((microseconds / 1000) << 16 | 28672 | (microseconds % 1000) * 4096 / 1000)
        || substring(uuid_send(gen_random_uuid()) FROM 9),
    'hex'
)::uuid
FROM (SELECT floor(extract(epoch FROM clock_timestamp()) * 1000000)::bigint) AS clock (microseconds)
