BEGIN
    -- of two updates at the same instant the second waits for the first, and then finds its mark in OLD
    IF NEW.counted_at IS NULL OR (TG_OP = 'UPDATE' AND OLD.counted_at IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    INSERT INTO user_usage_tracking AS day (
        tenant_id, user_id, date, total_calls, total_duration_seconds, total_tokens
    )
    VALUES (
        NEW.tenant_id, NEW.user_id, (NEW.completed_at AT TIME ZONE 'UTC')::date,
        1, NEW.duration_seconds, NEW.dograh_tokens
    )
    ON CONFLICT (tenant_id, user_id, date) DO UPDATE
    SET total_calls = day.total_calls + excluded.total_calls,
        total_duration_seconds = day.total_duration_seconds + excluded.total_duration_seconds,
        total_tokens = day.total_tokens + excluded.total_tokens;
    RETURN NULL;
END
