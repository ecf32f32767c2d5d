BEGIN
    RETURN to_jsonb(end_token_reservation(expect_open_reservation(p_reservation_id, 'release'), 'released'));
END
