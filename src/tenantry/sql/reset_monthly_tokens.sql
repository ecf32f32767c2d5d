DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    everywhere CONSTANT boolean := is_superadmin();
    wallet user_token_wallets;
    wallets integer := 0;
BEGIN
    IF NOT everywhere AND (tenant IS NULL OR NOT is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, resets wallets'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- a superadmin resets them all; one that another reset has just done is no longer due
    FOR wallet IN
        SELECT *
        FROM user_token_wallets AS due
        WHERE (due.tenant_id = tenant OR everywhere)
            AND (
                due.next_reset_at <= now()
                OR (due.next_reset_at IS NULL AND due.monthly_allocation_tokens > 0)
            )
        ORDER BY due.tenant_id, due.user_id
        FOR UPDATE
    LOOP
        PERFORM begin_month(wallet);
        wallets := wallets + 1;
    END LOOP;
    RETURN wallets;
END
