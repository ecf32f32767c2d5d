BEGIN
    -- one that two tenants claim is nobody's
    RETURN QUERY
    SELECT (array_agg(key.id))[1], (array_agg(key.tenant_id))[1], (array_agg(key.user_id))[1]
    FROM api_keys AS key
    JOIN tenants AS tenant ON tenant.id = key.tenant_id
    WHERE key.key_hash = p_key_hash
        AND key.is_active
        AND NOT key.revoked
        AND (key.expires_at IS NULL OR key.expires_at > statement_timestamp())
        AND tenant.deleted_at IS NULL
        AND (
            key.user_id IS NULL
            OR EXISTS (
                SELECT
                FROM tenant_users AS membership
                WHERE membership.tenant_id = key.tenant_id
                    AND membership.user_id = key.user_id
                    AND membership.deactivated_at IS NULL
            )
        )
    HAVING count(*) = 1;
END
