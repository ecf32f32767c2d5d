BEGIN
    -- two at once take turns here, and the second sees the status of the first
    PERFORM FROM fulfilment_shipments WHERE tenant_id = NEW.tenant_id AND id = NEW.shipment_id FOR NO KEY UPDATE;
    UPDATE fulfilment_shipments AS shipment
    SET status_id = (
        SELECT status.id
        FROM shipment_statuses AS status
        WHERE status.tenant_id = NEW.tenant_id AND status.shipment_id = NEW.shipment_id AND status.is_active
        ORDER BY status.created_at DESC, status.id DESC
        LIMIT 1
    )
    WHERE shipment.tenant_id = NEW.tenant_id AND shipment.id = NEW.shipment_id;
    RETURN NULL;
END
