DECLARE
    entry CONSTANT uuid := record_superadmin_use(p_reason, p_tenant_id);
BEGIN
    PERFORM set_config('tenantry.context', '', true), set_config('tenantry.tenant', '', true);
    PERFORM set_config('tenantry.superadmin', entry::text, false);
    RETURN entry;
END
