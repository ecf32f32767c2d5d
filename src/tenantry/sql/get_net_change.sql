RETURN CASE
    WHEN p_direction IN ('credit', 'adjustment') THEN p_amount
    WHEN p_direction = 'debit' THEN -p_amount
    ELSE 0
END
