DECLARE
    token CONSTANT text := nullif(current_setting('tenantry.context', true), '');
BEGIN
    IF contexts_are_plain() THEN
        RETURN ARRAY[get_current_tenant(), get_current_user_id()];
    ELSIF token IS NULL THEN
        RETURN NULL;
    END IF;
    -- what comes after the claims is a dot and the signature
    PERFORM
    FROM context_keys AS key
    WHERE (starts_with(token, 'v1.') OR starts_with(token, 's1.'))
        AND key.kid = split_part(token, '.', 2)
        AND (key.valid_until IS NULL OR key.valid_until > statement_timestamp())
        AND split_part(token, '.', 6)
            = encode(sha256(key.outer_pad || sha256(key.inner_pad || convert_to(left(token, -65), 'UTF8'))), 'hex');
    IF NOT FOUND THEN
        IF token !~ '^[vs]1(\.[^.]*){5}$' THEN
            RAISE EXCEPTION 'the tenant context is malformed'
                USING ERRCODE = 'invalid_authorization_specification';
        END IF;
        RAISE EXCEPTION 'the tenant context is not signed with a known key'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    -- signed by us, so everything in it is well-formed
    IF split_part(token, '.', 5)::bigint <= extract(epoch FROM statement_timestamp()) THEN
        RAISE EXCEPTION 'the tenant context has expired'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    -- made by set_tenant() for its caller: it opens nothing to others, nor to him when he is not on record
    IF starts_with(token, 's1.') AND NOT is_superadmin() THEN
        RAISE EXCEPTION 'the tenant context is a superadmin''s'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN ARRAY[nullif(split_part(token, '.', 3), ''), nullif(split_part(token, '.', 4), '')]::uuid[];
END
