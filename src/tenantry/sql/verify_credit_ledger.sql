BEGIN
    RETURN QUERY
    WITH sums AS (
        SELECT
            entry.tenant_id,
            sum(entry.amount) AS credits,
            sum(entry.money_amount) AS money,
            count(*) FILTER (WHERE entry.entry_number > 0) AS numbered
        FROM credit_transactions AS entry
        WHERE p_tenant_id IS NULL OR entry.tenant_id = p_tenant_id
        GROUP BY entry.tenant_id
    )
    SELECT
        account.tenant_id,
        account.id,
        account.balance_credits,
        coalesce(sums.credits, 0)::bigint,
        account.balance_amount,
        coalesce(sums.money, 0),
        account.entry_number,
        coalesce(sums.numbered, 0)
    FROM billing_accounts AS account
    LEFT JOIN sums ON sums.tenant_id = account.tenant_id
    WHERE (p_tenant_id IS NULL OR account.tenant_id = p_tenant_id)
        AND (account.balance_credits, account.balance_amount, account.entry_number)
            IS DISTINCT FROM (coalesce(sums.credits, 0), coalesce(sums.money, 0), coalesce(sums.numbered, 0));
END
