DECLARE
    held stock;
BEGIN
    LOOP
        SELECT * INTO held
        FROM stock AS known
        WHERE known.tenant_id = p_tenant_id
            AND known.product_id = p_product_id
            AND known.warehouse_id = p_warehouse_id
            AND (known.variant_id = p_variant_id OR (known.variant_id IS NULL AND p_variant_id IS NULL))
        FOR NO KEY UPDATE;
        IF FOUND THEN
            RETURN held;
        END IF;
        -- whoever comes second waits here for the first, and then finds the row
        INSERT INTO stock (tenant_id, product_id, warehouse_id, variant_id)
        VALUES (p_tenant_id, p_product_id, p_warehouse_id, p_variant_id)
        ON CONFLICT (tenant_id, product_id, warehouse_id, variant_id) DO NOTHING;
    END LOOP;
END
