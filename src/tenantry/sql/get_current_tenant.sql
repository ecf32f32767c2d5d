RETURN CASE
    WHEN contexts_are_plain() THEN nullif(current_setting('tenantry.tenant', true), '')::uuid
    ELSE (verified_context())[1]
END
