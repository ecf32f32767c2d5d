DECLARE
    account billing_accounts;
BEGIN
    IF p_tenant_id IS NULL THEN
        RAISE EXCEPTION 'a billing account belongs to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    -- whoever comes second waits here for the first, and then finds the account
    INSERT INTO billing_accounts (tenant_id)
    VALUES (p_tenant_id)
    ON CONFLICT (tenant_id) DO NOTHING;
    SELECT * INTO STRICT account
    FROM billing_accounts AS known
    WHERE known.tenant_id = p_tenant_id
    FOR UPDATE;
    RETURN account;
END
