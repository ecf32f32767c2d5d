DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    everywhere CONSTANT boolean := is_superadmin();
    reservation token_reservations;
    ended token_reservations;
    reservations integer := 0;
BEGIN
    IF NOT everywhere AND (tenant IS NULL OR NOT is_tenant_admin()) THEN
        RAISE EXCEPTION 'only an owner or admin of the tenant, or a superadmin, releases what has expired'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- wallets are always locked in this order, so that no two calls wait for each other
    FOR reservation IN
        SELECT due.*
        FROM (
            SELECT *
            FROM token_reservations AS held
            WHERE held.status = 'open'
                AND held.expires_at <= clock_timestamp()
                AND (held.tenant_id = tenant OR everywhere)
            ORDER BY held.expires_at
            LIMIT p_limit
        ) AS due
        ORDER BY due.tenant_id, due.user_id, due.id
    LOOP
        ended := end_token_reservation(reservation, 'expired');
        reservations := reservations + (ended.id IS NOT NULL)::integer;
    END LOOP;
    RETURN reservations;
END
