SELECT
    membership.tenant_id,
    membership.user_id,
    month.first_day AS month,
    usage.calls AS total_calls,
    usage.duration_seconds AS total_duration_seconds,
    usage.tokens AS total_tokens,
    usage.costs AS api_costs,
    person.monthly_token_quota,
    greatest(person.monthly_token_quota - usage.tokens, 0) AS tokens_remaining,
    round(100.0 * usage.tokens / nullif(person.monthly_token_quota, 0), 2) AS percent_used,
    usage.tokens >= person.monthly_token_quota AS is_exhausted
FROM tenant_users AS membership
JOIN users AS person ON person.id = membership.user_id
CROSS JOIN (SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date) AS month (first_day)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(found.total_calls), 0) AS calls,
        coalesce(sum(found.total_duration_seconds), 0)::bigint AS duration_seconds,
        coalesce(sum(found.total_tokens), 0)::bigint AS tokens,
        coalesce(sum(found.api_costs), 0) AS costs
    FROM user_usage_tracking AS found
    WHERE found.tenant_id = membership.tenant_id
        AND found.user_id = membership.user_id
        AND found.date >= month.first_day
        AND found.date < month.first_day + interval '1 month'
) AS usage
WHERE membership.user_id = (SELECT get_current_user_id())
    OR (SELECT is_tenant_admin())
    OR (SELECT is_superadmin())
