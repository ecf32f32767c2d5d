DECLARE
    reservation CONSTANT token_reservations := expect_open_reservation(p_reservation_id, 'settle');
BEGIN
    IF (p_amount >= 0) IS NOT TRUE THEN
        RAISE EXCEPTION 'cannot settle a reservation for % tokens', p_amount
            USING ERRCODE = 'invalid_parameter_value', HINT = 'What was really used is nothing or more.';
    END IF;
    IF reservation.expires_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'cannot settle the reservation: it expired at %', reservation.expires_at
            USING ERRCODE = 'TK005';
    END IF;
    RETURN to_jsonb(end_token_reservation(reservation, 'settled', p_amount));
END
