DECLARE
    template CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
    tenant uuid;
BEGIN
    -- of several calls at the same instant one inserts, and the others wait here for what becomes of it
    INSERT INTO tenants (
        slug, name, plan, status, trial_ends_at, region, admin_email, is_personal, settings
    )
    VALUES (
        p_slug, p_name, p_plan, p_status, p_trial_ends_at, p_region,
        coalesce(p_admin_email, (SELECT email FROM users WHERE id = p_owner_user_id)), p_is_personal, p_settings
    )
    ON CONFLICT (slug) DO NOTHING
    RETURNING id INTO tenant;

    IF NOT FOUND THEN
        SELECT owner.tenant_id INTO tenant
        FROM tenants AS known
        JOIN tenant_users AS owner ON owner.tenant_id = known.id
        WHERE known.slug = p_slug AND owner.user_id = p_owner_user_id AND owner.role = 'owner';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the slug % belongs to another tenant', p_slug
                USING ERRCODE = 'unique_violation', TABLE = 'tenants', COLUMN = 'slug';
        END IF;
        RETURN tenant;
    END IF;

    INSERT INTO tenant_users (tenant_id, user_id, role)
    VALUES (tenant, p_owner_user_id, 'owner');
    PERFORM copy_template_levels(template, tenant);
    PERFORM copy_template_roles(template, tenant);
    INSERT INTO user_roles (tenant_id, user_id, role_id)
    SELECT tenant, p_owner_user_id, role.id
    FROM roles AS role
    WHERE role.tenant_id = tenant AND role.key = 'owner';
    -- create_default_subscription has subscribed it already
    INSERT INTO tenant_feature_flags (tenant_id, flag_key, enabled, set_by, reason)
    SELECT
        tenant,
        coalesce(given.key, flag.key),
        coalesce(given.value::boolean, flag.enabled_for_new_tenants),
        'provision_tenant',
        CASE WHEN given.key IS NULL THEN 'for every new tenant' ELSE 'asked for' END
    FROM (
        SELECT key, enabled_for_new_tenants
        FROM feature_flag_definitions
        WHERE enabled_for_new_tenants IS NOT NULL
    ) AS flag
    FULL JOIN jsonb_each_text(p_flags) AS given ON given.key = flag.key;
    PERFORM write_admin_audit_log('provision_tenant', tenant, p_owner_user_id, 'tenants', tenant);
    RETURN tenant;
END
