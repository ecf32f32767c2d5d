BEGIN
    -- in the order of the keys, so that two statements never wait for each other
    INSERT INTO billing_accounts AS account (
        tenant_id, usage_month, usage_tokens_month, usage_audio_seconds_month, usage_ocr_pages_month
    )
    SELECT DISTINCT ON (month.tenant_id) month.*
    FROM (
        SELECT
            tenant_id,
            date_trunc('month', created_at AT TIME ZONE 'UTC')::date AS usage_month,
            sum(tokens_input + tokens_output),
            sum(audio_seconds),
            sum(ocr_pages)
        FROM added
        GROUP BY 1, 2
    ) AS month
    ORDER BY month.tenant_id, month.usage_month DESC
    ON CONFLICT (tenant_id) DO UPDATE
    SET usage_month = excluded.usage_month,
        usage_tokens_month = excluded.usage_tokens_month
            + CASE WHEN account.usage_month = excluded.usage_month THEN account.usage_tokens_month ELSE 0 END,
        usage_audio_seconds_month = excluded.usage_audio_seconds_month
            + CASE WHEN account.usage_month = excluded.usage_month THEN account.usage_audio_seconds_month ELSE 0 END,
        usage_ocr_pages_month = excluded.usage_ocr_pages_month
            + CASE WHEN account.usage_month = excluded.usage_month THEN account.usage_ocr_pages_month ELSE 0 END
    WHERE account.usage_month <= excluded.usage_month;

    INSERT INTO user_usage_tracking AS day (tenant_id, user_id, date, api_costs)
    SELECT tenant_id, user_id, (created_at AT TIME ZONE 'UTC')::date, sum(cost_usd)
    FROM added
    WHERE user_id IS NOT NULL AND cost_usd > 0
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    ON CONFLICT (tenant_id, user_id, date) DO UPDATE
    SET api_costs = day.api_costs + excluded.api_costs;
    RETURN NULL;
END
