DECLARE
    tenant CONSTANT uuid := get_current_tenant();
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'logs belong to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    IF get_current_tenant_role() IS NULL AND NOT is_superadmin() THEN
        RAISE EXCEPTION 'only a member of the tenant, or a superadmin, acts in it'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN tenant;
END
