DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    everywhere CONSTANT boolean := is_superadmin();
BEGIN
    IF NOT everywhere AND (tenant IS NULL OR NOT is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, resets wallets'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN begin_months(CASE WHEN NOT everywhere THEN tenant END, NULL, p_limit);
END
