DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    reservation token_reservations;
BEGIN
    SELECT * INTO reservation
    FROM token_reservations AS known
    WHERE known.tenant_id = tenant AND known.id = p_reservation_id;
    -- for whom it is says who may; of one that is not there, whoever may nothing learns no more than of any other
    PERFORM authorize_tokens(reservation.user_id, p_action, false);
    IF reservation.id IS NULL THEN
        RAISE EXCEPTION 'there is no reservation %', p_reservation_id
            USING ERRCODE = 'TK006';
    END IF;
    PERFORM lock_slot(tenant, reservation.wallet_id);
    SELECT * INTO STRICT reservation
    FROM token_reservations AS known
    WHERE known.tenant_id = tenant AND known.id = p_reservation_id;
    IF reservation.status <> 'open' THEN
        RAISE EXCEPTION 'cannot % the reservation: it was % at %', p_action, reservation.status, reservation.ended_at
            USING ERRCODE = 'TK005';
    END IF;
    RETURN reservation;
END
