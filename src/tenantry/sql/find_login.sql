DECLARE
    part CONSTANT text[] := string_to_array(p_proof, '.');
BEGIN
    IF part[6] IS NOT NULL OR part[1] IS DISTINCT FROM 'l1'
        OR part[3] IS DISTINCT FROM encode(sha256(convert_to(p_email, 'UTF8')), 'hex')
        OR part[5] IS DISTINCT FROM context_signature(part[2], array_to_string(part[1:4], '.'))
        OR part[5] IS NULL
    THEN
        RAISE EXCEPTION 'the application has not signed that it asks for this address'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF part[4]::bigint <= extract(epoch FROM statement_timestamp()) THEN
        RAISE EXCEPTION 'the signature of this question has expired'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN QUERY
    SELECT person.id, person.password_hash
    FROM users AS person
    WHERE lower(person.email) = lower(p_email) AND person.is_active;
END
