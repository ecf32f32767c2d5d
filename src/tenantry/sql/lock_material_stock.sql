DECLARE
    held material_stock;
BEGIN
    LOOP
        SELECT * INTO held
        FROM material_stock AS known
        WHERE known.tenant_id = p_tenant_id
            AND known.warehouse_id = p_warehouse_id
            AND (known.material_id = p_material_id OR known.material_variant_id = p_material_variant_id)
        FOR NO KEY UPDATE;
        IF FOUND THEN
            RETURN held;
        END IF;
        -- whoever comes second waits here for the first, and then finds the row
        INSERT INTO material_stock (tenant_id, warehouse_id, material_id, material_variant_id)
        VALUES (p_tenant_id, p_warehouse_id, p_material_id, p_material_variant_id)
        ON CONFLICT (tenant_id, warehouse_id, material_id, material_variant_id) DO NOTHING;
    END LOOP;
END
