RETURN CASE p_direction
    WHEN 'reserve' THEN p_amount
    WHEN 'release' THEN -p_amount
    ELSE 0
END
