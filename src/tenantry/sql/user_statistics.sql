SELECT
    membership.tenant_id,
    membership.user_id,
    person.email,
    person.full_name,
    person.organization_name,
    person.role,
    membership.role AS tenant_role,
    person.subscription_tier,
    person.is_active AND membership.deactivated_at IS NULL AS is_active,
    person.created_at,
    person.last_login,
    membership.joined_at,
    person.max_agents,
    agent.total AS total_agents,
    run.total AS total_runs,
    run.completed AS completed_runs,
    run.failed AS failed_runs,
    run.latest AS last_run_at,
    usage.calls AS total_calls,
    usage.duration_seconds AS total_duration_seconds,
    usage.tokens AS total_tokens,
    usage.costs AS total_api_costs,
    person.monthly_token_quota,
    usage.tokens_this_month,
    coalesce(own.plan, company.plan) AS subscription_plan,
    coalesce(own.status, company.status) AS subscription_status
FROM tenant_users AS membership
JOIN users AS person ON person.id = membership.user_id
LEFT JOIN subscriptions AS own ON own.tenant_id = membership.tenant_id AND own.user_id = membership.user_id
LEFT JOIN subscriptions AS company ON company.tenant_id = membership.tenant_id AND company.user_id IS NULL
CROSS JOIN LATERAL (
    SELECT count(*) AS total
    FROM agents AS found
    WHERE found.tenant_id = membership.tenant_id AND found.user_id = membership.user_id
) AS agent
CROSS JOIN LATERAL (
    SELECT
        count(*) AS total,
        count(*) FILTER (WHERE found.status = 'completed') AS completed,
        count(*) FILTER (WHERE found.status = 'failed') AS failed,
        max(found.created_at) AS latest
    FROM agent_runs AS found
    WHERE found.tenant_id = membership.tenant_id AND found.user_id = membership.user_id
) AS run
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(found.total_calls), 0) AS calls,
        coalesce(sum(found.total_duration_seconds), 0)::bigint AS duration_seconds,
        coalesce(sum(found.total_tokens), 0)::bigint AS tokens,
        coalesce(sum(found.api_costs), 0) AS costs,
        coalesce(
            sum(found.total_tokens) FILTER (WHERE found.date >= date_trunc('month', now() AT TIME ZONE 'UTC')), 0
        )::bigint AS tokens_this_month
    FROM user_usage_tracking AS found
    WHERE found.tenant_id = membership.tenant_id AND found.user_id = membership.user_id
) AS usage
WHERE membership.user_id = (SELECT get_current_user_id())
    OR (SELECT is_tenant_admin())
    OR (SELECT is_superadmin())
