RETURN coalesce(get_current_tenant_role() IN ('owner', 'admin'), false)
