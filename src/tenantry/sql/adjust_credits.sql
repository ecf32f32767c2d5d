DECLARE
    tenant CONSTANT uuid := get_current_tenant();
    change CONSTANT bigint := CASE p_type WHEN 'usage' THEN -p_amount ELSE p_amount END;
    account billing_accounts;
    entry credit_transactions;
BEGIN
    IF NOT (is_superadmin() OR (p_type = 'usage' AND p_money_amount = 0 AND is_tenant_writer())) IS NOT FALSE THEN
        RAISE EXCEPTION 'not allowed to post %', p_type
            USING ERRCODE = 'insufficient_privilege', HINT = 'A tenant charges usage; it does not give itself credit.';
    END IF;
    IF (p_type IN ('purchase', 'usage', 'refund', 'bonus') AND p_amount > 0) IS NOT TRUE
        AND (p_type = 'adjustment' AND (p_amount <> 0 OR p_money_amount <> 0)) IS NOT TRUE
    THEN
        RAISE EXCEPTION 'cannot post % of % credits', p_type, p_amount
            USING ERRCODE = 'invalid_parameter_value',
                HINT = 'purchase, usage, refund and bonus take a positive amount, adjustment any but zero.';
    END IF;

    account := lock_billing_account(tenant);
    SELECT * INTO entry
    FROM credit_transactions AS known
    WHERE known.tenant_id = tenant
        AND (
            known.posting_key = p_posting_key
            OR (p_type = 'usage' AND known.type = 'usage' AND known.usage_event_id = p_usage_event_id)
        )
    ORDER BY known.posting_key IS NOT DISTINCT FROM p_posting_key DESC
    LIMIT 1;
    IF FOUND THEN
        IF entry.posting_key = p_posting_key AND (
            entry.type, entry.amount, entry.money_amount, entry.description, entry.usage_event_id, entry.metadata
        ) IS DISTINCT FROM (
            p_type, change, p_money_amount, p_description, p_usage_event_id, coalesce(p_metadata, '{}')
        ) THEN
            RAISE EXCEPTION 'the posting key % was used with other arguments', p_posting_key
                USING ERRCODE = 'TC002', HINT = 'A retry repeats the call as it was; another call takes a key of its own.';
        END IF;
        RETURN to_jsonb(entry);
    END IF;
    IF account.status <> 'active' AND p_type = 'usage' THEN
        RAISE EXCEPTION 'the billing account is %', account.status
            USING ERRCODE = 'TC003';
    END IF;
    IF account.balance_credits + change < 0 THEN
        RAISE EXCEPTION 'insufficient credit: % available, % requested', account.balance_credits, -change
            USING ERRCODE = 'TC001',
                DETAIL = jsonb_build_object('available', account.balance_credits, 'requested', -change)::text;
    END IF;

    -- this is what changes the account
    INSERT INTO credit_transactions (
        tenant_id, billing_account_id, entry_number, type,
        amount, balance_after, money_amount, balance_amount_after,
        description, usage_event_id, posting_key, metadata
    )
    VALUES (
        tenant, account.id, account.entry_number + 1, p_type,
        change, account.balance_credits + change, p_money_amount, account.balance_amount + p_money_amount,
        p_description, p_usage_event_id, p_posting_key, coalesce(p_metadata, '{}')
    )
    RETURNING * INTO STRICT entry;
    RETURN to_jsonb(entry);
END
