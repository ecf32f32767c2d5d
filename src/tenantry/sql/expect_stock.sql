DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    held stock;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'stock belongs to a tenant, and there is no tenant context'
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    held := lock_stock(tenant, p_warehouse_id, p_product_id, p_variant_id);
    UPDATE stock AS known
    SET inbound = known.inbound + p_inbound,
        outbound = known.outbound + p_outbound,
        updated_by = get_current_user_id()
    WHERE known.tenant_id = held.tenant_id AND known.id = held.id
    RETURNING * INTO STRICT held;
    RETURN held;
END
