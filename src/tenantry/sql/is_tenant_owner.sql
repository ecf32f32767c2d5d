RETURN coalesce(get_current_tenant_role() = 'owner', false)
