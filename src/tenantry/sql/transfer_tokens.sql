DECLARE
    -- a member gives nothing away: the tokens are the tenant's
    tenant CONSTANT uuid := authorize_tokens(NULL, 'transfer', false);
    giver user_token_wallets;
    taker user_token_wallets;
    given user_token_ledger;
    taken user_token_ledger;
BEGIN
    IF (p_amount > 0 AND p_from_user_id <> p_to_user_id) IS NOT TRUE THEN
        RAISE EXCEPTION 'cannot transfer % tokens from user % to user %', p_amount, p_from_user_id, p_to_user_id
            USING ERRCODE = 'invalid_parameter_value', HINT = 'A transfer is a positive amount between two users.';
    END IF;
    PERFORM lock_wallet(tenant, least(p_from_user_id, p_to_user_id), NULL);
    PERFORM lock_wallet(tenant, greatest(p_from_user_id, p_to_user_id), NULL);
    IF p_idempotency_key IS NOT NULL THEN
        SELECT * INTO given
        FROM user_token_ledger AS known
        WHERE known.tenant_id = tenant AND known.idempotency_key = p_idempotency_key;
        IF FOUND THEN
            PERFORM expect_same_call(
                p_idempotency_key,
                (given.source, given.user_id, given.reference_id, given.amount, given.reason, given.metadata)
                IS NOT DISTINCT FROM
                ('transfer', p_from_user_id, p_to_user_id, -p_amount, p_reason, coalesce(p_metadata, '{}'))
            );
            SELECT * INTO STRICT taken
            FROM user_token_ledger AS known
            WHERE known.tenant_id = tenant
                AND known.user_id = p_to_user_id
                AND known.posting_key = 'transfer:' || given.id;
            RETURN jsonb_build_object('from', given, 'to', taken);
        END IF;
    END IF;

    giver := free_tokens(lock_wallet(tenant, p_from_user_id, NULL), p_amount);
    PERFORM expect_tokens(giver, 'adjustment', -p_amount);
    IF giver.status <> 'active' THEN
        RAISE EXCEPTION 'the wallet is %', giver.status
            USING ERRCODE = 'TK003';
    END IF;
    given := post_tokens(
        giver, 'adjustment', -p_amount, p_reason, 'transfer',
        p_reference_type => 'users',
        p_reference_id => p_to_user_id,
        p_metadata => coalesce(p_metadata, '{}'),
        p_idempotency_key => p_idempotency_key
    );
    taker := lock_wallet(tenant, p_to_user_id, NULL);
    taken := post_tokens(
        taker, 'adjustment', p_amount, p_reason, 'transfer',
        p_posting_key => 'transfer:' || given.id,
        p_reference_type => 'users',
        p_reference_id => p_from_user_id,
        p_metadata => coalesce(p_metadata, '{}')
    );
    RETURN jsonb_build_object('from', given, 'to', taken);
END
