DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    held material_stock;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'stock belongs to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    held := lock_material_stock(tenant, p_warehouse_id, p_material_id, p_material_variant_id);
    UPDATE material_stock AS known
    SET inbound = known.inbound + p_inbound, updated_by = get_current_user_id()
    WHERE known.tenant_id = held.tenant_id AND known.id = held.id
    RETURNING * INTO STRICT held;
    RETURN held;
END
