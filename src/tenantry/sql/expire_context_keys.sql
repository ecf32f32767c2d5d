DECLARE
    ends_at CONSTANT timestamptz := clock_timestamp() + p_overlap;
BEGIN
    UPDATE context_keys
    SET valid_until = ends_at
    WHERE kid <> p_newest_kid
        AND (valid_until IS NULL OR valid_until > ends_at);
END
