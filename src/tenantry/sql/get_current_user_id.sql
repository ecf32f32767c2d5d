RETURN CASE
    WHEN contexts_are_plain() THEN nullif(current_setting('tenantry.user', true), '')::uuid
    ELSE (verified_context())[2]
END
