DECLARE
    tenant CONSTANT uuid := get_acting_tenant();
    entry CONSTANT uuid := uuid7();
BEGIN
    INSERT INTO logs_webhook (id, tenant_id, endpoint, sent_by, request_data, response_data, status)
    VALUES (
        entry, tenant, p_endpoint, p_sent_by, p_request_data, p_response_data, p_status
    );
    RETURN entry;
END
