BEGIN
    RETURN (
        SELECT encode(sha256(key.outer_pad || sha256(key.inner_pad || convert_to(p_claims, 'UTF8'))), 'hex')
        FROM context_keys AS key
        WHERE key.kid = p_kid
            AND (key.valid_until IS NULL OR key.valid_until > statement_timestamp())
    );
END
