DECLARE
    policy CONSTANT level_token_policies := get_token_policy(p_wallet.tenant_id, p_wallet.user_id, p_wallet.level_id);
    allocation CONSTANT bigint := CASE policy.allocation_mode
        WHEN 'monthly' THEN policy.monthly_allocation
        ELSE p_wallet.monthly_allocation_tokens
    END;
    unused CONSTANT bigint := p_wallet.current_tokens - p_wallet.reserved_tokens;
    due CONSTANT text := coalesce((p_wallet.next_reset_at AT TIME ZONE 'UTC')::text, 'first');
    kept bigint := floor(unused * coalesce(policy.rollover_percent, 0) / 100);
    credited bigint := allocation;
BEGIN
    IF policy.monthly_cap IS NOT NULL THEN
        kept := least(kept, policy.monthly_cap);
        credited := least(credited, policy.monthly_cap - kept);
    END IF;
    IF kept < unused THEN
        PERFORM post_tokens(
            p_wallet, 'adjustment', kept - unused,
            'unused tokens that do not roll over', 'reset', 'expiry:' || due
        );
    END IF;
    IF credited > 0 THEN
        PERFORM post_tokens(
            lock_wallet(p_wallet.tenant_id, p_wallet.user_id), 'credit', credited,
            'monthly allocation', 'reset', 'allocation:' || due,
            'level', p_wallet.level_id, NULL, jsonb_build_object('allocation', allocation)
        );
    END IF;
    UPDATE user_token_wallets AS known
    SET monthly_allocation_tokens = allocation,
        last_reset_at = now(),
        next_reset_at = get_month_start(1)
    WHERE known.tenant_id = p_wallet.tenant_id AND known.id = p_wallet.id;
END
