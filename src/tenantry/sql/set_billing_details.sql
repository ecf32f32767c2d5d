DECLARE
    tenant CONSTANT uuid := get_current_tenant();
BEGIN
    IF NOT (is_superadmin() OR is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, changes billing details'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM lock_billing_account(tenant);
    UPDATE billing_accounts
    SET billing_email = coalesce(p_billing_email, billing_email),
        billing_address = coalesce(p_billing_address, billing_address),
        payment_method = coalesce(p_payment_method, payment_method)
    WHERE tenant_id = tenant;
END
