DECLARE
    unknown text;
    entry record;
    posted jsonb := '[]';
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
    -- wallets are always locked in this order, so that no two calls wait for each other
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
