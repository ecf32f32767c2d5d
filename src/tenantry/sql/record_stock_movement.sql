DECLARE
    side record;
    held stock;
BEGIN
    -- whatever the caller says; without a warehouse the table's checks refuse the row
    NEW.quantity_before := 0;
    NEW.quantity_after := NEW.quantity_change;
    FOR side IN
        SELECT *
        FROM (
            VALUES
                (NEW.from_warehouse_id, -abs(NEW.quantity_change)),
                (NEW.to_warehouse_id, abs(NEW.quantity_change))
        ) AS sides (warehouse_id, change)
        WHERE warehouse_id IS NOT NULL
        -- in one order whichever the direction, so that opposite transfers do not wait for each other
        ORDER BY warehouse_id
    LOOP
        held := lock_stock(NEW.tenant_id, side.warehouse_id, NEW.product_id, NEW.variant_id);
        IF held.quantity + side.change < 0 THEN
            RAISE EXCEPTION 'insufficient stock: % available, % requested', held.quantity, -side.change
                USING ERRCODE = 'check_violation', TABLE = 'stock';
        END IF;
        UPDATE stock AS known
        SET quantity = held.quantity + side.change, last_movement_at = now(), updated_by = NEW.performed_by
        WHERE known.tenant_id = held.tenant_id AND known.id = held.id;
        IF side.warehouse_id = coalesce(NEW.to_warehouse_id, NEW.from_warehouse_id) THEN
            NEW.quantity_before := held.quantity;
            NEW.quantity_after := held.quantity + side.change;
        END IF;
    END LOOP;
    RETURN NEW;
END
