SELECT coalesce(
    (
        SELECT coalesce(
            override.enabled,
            get_plan_rank(tenant.plan) >= get_plan_rank(flag.minimum_plan),
            flag.default_enabled
        )
        FROM tenants AS tenant
        JOIN feature_flag_definitions AS flag ON flag.key = p_key
        LEFT JOIN tenant_feature_flags AS override
            ON override.tenant_id = tenant.id AND override.flag_key = flag.key
        WHERE tenant.id = p_tenant_id
    ),
    false
)
