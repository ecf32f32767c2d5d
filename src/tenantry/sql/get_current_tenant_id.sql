RETURN get_current_tenant()
