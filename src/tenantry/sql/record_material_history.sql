DECLARE
    held material_stock;
    factor numeric;
    reserves CONSTANT boolean := NEW.action_type IN ('reserve', 'unreserve');
    before numeric;
BEGIN
    -- what is not about a quantity, and what the table's checks refuse
    IF NEW.quantity_change IS NULL OR NEW.warehouse_id IS NULL
        OR num_nonnulls(NEW.material_id, NEW.material_variant_id) <> 1
    THEN
        RETURN NEW;
    END IF;

    held := lock_material_stock(NEW.tenant_id, NEW.warehouse_id, NEW.material_id, NEW.material_variant_id);
    before := CASE WHEN reserves THEN held.outbound ELSE held.quantity END;
    IF before + NEW.quantity_change < 0 THEN
        RAISE EXCEPTION 'insufficient material to %: % available, % requested',
            NEW.action_type, before, -NEW.quantity_change
            USING ERRCODE = 'check_violation', TABLE = 'material_stock';
    END IF;

    IF reserves THEN
        UPDATE material_stock AS known
        SET outbound = before + NEW.quantity_change, updated_by = NEW.created_by
        WHERE known.tenant_id = held.tenant_id AND known.id = held.id;
    ELSE
        -- read under the lock: whoever changes the factor converts what this leaves
        SELECT conversion_factor INTO factor
        FROM (
            SELECT material.tenant_id, material.id, material.conversion_factor FROM materials AS material
            UNION ALL
            SELECT variant.tenant_id, variant.id, variant.conversion_factor FROM material_variants AS variant
        ) AS stored
        WHERE stored.tenant_id = NEW.tenant_id AND stored.id = coalesce(NEW.material_id, NEW.material_variant_id);
        UPDATE material_stock AS known
        SET quantity = before + NEW.quantity_change,
            total_converted_quantity = (before + NEW.quantity_change) * coalesce(factor, 1),
            last_counted_at = CASE NEW.action_type WHEN 'stock_adjust' THEN now() ELSE known.last_counted_at END,
            updated_by = NEW.created_by
        WHERE known.tenant_id = held.tenant_id AND known.id = held.id;
    END IF;

    NEW.material_stock_id := held.id;
    NEW.field_name := CASE WHEN reserves THEN 'outbound' ELSE 'quantity' END;
    NEW.old_value := before;
    NEW.new_value := before + NEW.quantity_change;
    RETURN NEW;
END
