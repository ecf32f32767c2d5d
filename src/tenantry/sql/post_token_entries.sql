DECLARE
    context CONSTANT uuid[] := verified_context();
    unknown text;
    entry record;
    posted jsonb;
BEGIN
    SELECT string_agg(DISTINCT key, ', ') INTO unknown
    FROM jsonb_array_elements(p_entries) AS given, jsonb_object_keys(given) AS key
    WHERE key NOT IN (
        'user_id', 'amount', 'direction', 'reason', 'source', 'reference_type', 'reference_id', 'execution_id',
        'metadata', 'idempotency_key', 'expected_level_id', 'expires_at'
    );
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'an entry has no %', unknown
            USING ERRCODE = 'invalid_parameter_value', HINT = 'Its keys are the parameters of adjust_user_tokens().';
    END IF;

    -- as adjust_user_tokens(), for all of them: one statement where all take tokens from wallets that have them
    BEGIN
        WITH given AS MATERIALIZED (
            SELECT each.*, element.place
            FROM jsonb_array_elements(p_entries) WITH ORDINALITY AS element (given, place),
                jsonb_to_record(element.given) AS each (
                    user_id uuid, amount bigint, direction text, reason text, source text, reference_type text,
                    reference_id uuid, execution_id uuid, metadata jsonb, idempotency_key text,
                    expected_level_id uuid, expires_at timestamptz
                )
        ),
        -- wallets are always locked in this order, so that no two calls wait for each other
        wallets AS MATERIALIZED (
            SELECT wallet.*
            FROM user_token_wallets AS wallet
            JOIN tenant_users AS caller ON caller.tenant_id = wallet.tenant_id
            WHERE wallet.tenant_id = context[1]
                AND wallet.user_id IN (SELECT given.user_id FROM given)
                AND wallet.slot = 0
                AND wallet.slots = 1
                AND wallet.status = 'active'
                AND wallet.expiring_tokens = 0
                AND caller.user_id = context[2]
                AND caller.deactivated_at IS NULL
                AND may_take_tokens(caller.role, caller.user_id, wallet.user_id)
            ORDER BY wallet.user_id
            FOR UPDATE OF wallet
        ),
        planned AS (
            SELECT
                given.*,
                wallets.id AS wallet_id,
                wallets.level_id,
                wallets.lifetime_tokens,
                wallets.entry_number + row_number() OVER earlier AS entry_number,
                (wallets.current_tokens + sum(get_net_change(direction, amount)) OVER earlier)::bigint AS balance,
                (wallets.reserved_tokens + sum(get_reserved_change(direction, amount)) OVER earlier)::bigint
                    AS reserved
            FROM given
            JOIN wallets ON wallets.user_id = given.user_id
                AND (given.expected_level_id IS NULL OR given.expected_level_id = wallets.level_id)
            WHERE given.direction IN ('debit', 'reserve')
                AND given.amount > 0
                AND given.expires_at IS NULL
                AND NOT EXISTS (
                    SELECT
                    FROM user_token_ledger AS known
                    WHERE known.tenant_id = context[1] AND known.idempotency_key = given.idempotency_key
                )
            WINDOW earlier AS (PARTITION BY wallets.id ORDER BY given.place ROWS UNBOUNDED PRECEDING)
        ),
        written AS (
            INSERT INTO user_token_ledger (
                tenant_id, user_id, wallet_id, level_id,
                entry_number, direction, amount,
                balance_after, reserved_after, lifetime_after,
                reason, source, idempotency_key, reference_type, reference_id, execution_id, metadata
            )
            SELECT
                context[1], user_id, wallet_id, level_id,
                entry_number, direction, amount,
                balance, reserved, lifetime_tokens,
                reason, coalesce(source, 'system'), idempotency_key, reference_type, reference_id, execution_id,
                coalesce(metadata, '{}')
            FROM planned
            WHERE (SELECT count(*) FROM given)
                = (SELECT count(*) FILTER (WHERE balance >= reserved) FROM planned)
            ORDER BY place
            RETURNING *
        )
        SELECT jsonb_agg(to_jsonb(written) ORDER BY planned.place) INTO posted
        FROM written
        JOIN planned USING (wallet_id, entry_number);
    EXCEPTION
        WHEN unique_violation THEN
            -- a key that two of them have, or that another call has just posted
            posted := NULL;
    END;
    IF posted IS NOT NULL THEN
        RETURN posted;
    END IF;

    -- any others, one after the other
    PERFORM lock_wallet(
        authorize_tokens(
            given.user_id,
            given.direction,
            coalesce(given.direction = 'credit' OR given.direction = 'adjustment' AND given.amount > 0, false)
        ),
        given.user_id,
        0
    )
    FROM (
        SELECT DISTINCT ON (each.user_id) each.*
        FROM jsonb_to_recordset(p_entries) AS each (user_id uuid, direction text, amount bigint)
        ORDER BY each.user_id
    ) AS given;
    posted := '[]';
    FOR entry IN
        SELECT *
        FROM jsonb_to_recordset(p_entries) AS given (
            user_id uuid, amount bigint, direction text, reason text, source text, reference_type text,
            reference_id uuid, execution_id uuid, metadata jsonb, idempotency_key text, expected_level_id uuid,
            expires_at timestamptz
        )
    LOOP
        posted := posted || adjust_user_tokens(
            entry.user_id, entry.amount, entry.direction, entry.reason, coalesce(entry.source, 'system'),
            entry.reference_type, entry.reference_id, entry.execution_id, entry.metadata, entry.idempotency_key,
            entry.expected_level_id, entry.expires_at
        );
    END LOOP;
    RETURN posted;
END
