BEGIN
    UPDATE material_stock AS known
    SET total_converted_quantity = known.quantity * coalesce(NEW.conversion_factor, 1)
    WHERE known.tenant_id = NEW.tenant_id
        AND CASE TG_TABLE_NAME
            WHEN 'materials' THEN known.material_id = NEW.id
            ELSE known.material_variant_id = NEW.id
        END;
    RETURN NULL;
END
