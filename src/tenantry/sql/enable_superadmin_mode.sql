BEGIN
    IF NOT is_superadmin() THEN
        RAISE EXCEPTION 'only a superadmin sees all tenants'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('tenantry.context', '', true);
END
