DECLARE
    token CONSTANT text := nullif(current_setting('tenantry.context', true), '');
    part CONSTANT text[] := string_to_array(token, '.');
BEGIN
    IF token IS NULL THEN
        RETURN NULL;
    END IF;
    IF cardinality(part) <> 6 OR part[1] NOT IN ('v1', 's1') THEN
        RAISE EXCEPTION 'the tenant context is malformed'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF part[6] IS DISTINCT FROM context_signature(part[2], array_to_string(part[1:5], '.')) THEN
        RAISE EXCEPTION 'the tenant context is not signed with a known key'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    -- signed by us, so everything in it is well-formed
    IF part[5]::bigint <= extract(epoch FROM statement_timestamp()) THEN
        RAISE EXCEPTION 'the tenant context has expired'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    -- made by set_tenant() for its caller: it opens nothing to others, nor to him when he is not on record
    IF part[1] = 's1' AND NOT is_superadmin() THEN
        RAISE EXCEPTION 'the tenant context is a superadmin''s'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN ARRAY[nullif(part[3], ''), nullif(part[4], '')]::uuid[];
END
