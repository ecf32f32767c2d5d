DECLARE
    tenant CONSTANT uuid := get_current_tenant();
BEGIN
    IF NOT is_superadmin() THEN
        RAISE EXCEPTION 'only a superadmin changes the state of a billing account'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM lock_billing_account(tenant);
    UPDATE billing_accounts
    SET status = coalesce(p_status, status),
        last_invoice_at = coalesce(p_last_invoice_at, last_invoice_at),
        currency = coalesce(p_currency, currency)
    WHERE tenant_id = tenant;
END
