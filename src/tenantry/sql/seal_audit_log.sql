DECLARE
    newest audit_seals;
    seal audit_seals;
    numbered bigint;
    writers text[];
    bound bigint;
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'seal_audit_log() has to see what was committed a moment ago'
            USING ERRCODE = 'invalid_transaction_state', HINT = 'Call it in a transaction that is READ COMMITTED.';
    END IF;
    IF p_batch IS NULL OR p_batch < 1 THEN
        RAISE EXCEPTION 'a seal covers at least one entry, not %', p_batch
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- of two calls at once the second begins where the first ended; nobody who writes or reads waits
    LOCK TABLE audit_seals IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO newest FROM audit_seals ORDER BY number DESC LIMIT 1;
    IF NOT FOUND THEN
        newest.number := 0;
        newest.through := 0;
        newest.numbered := 0;
        newest.writers := '{}';
        newest.hash := decode(repeat('00', 32), 'hex');
    END IF;
    sealed := 0;

    -- In this order: whoever was given a number up to this one is among the writers, or has ended.
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END INTO numbered FROM audit_entry_numbers;
    SELECT coalesce(array_agg(DISTINCT virtualtransaction ORDER BY virtualtransaction), '{}') INTO writers
    FROM pg_locks
    WHERE locktype = 'relation'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND relation IN ('audit_logs'::regclass, 'admin_audit_logs'::regclass)
        AND mode = 'RowExclusiveLock'
        AND granted
        AND pid IS DISTINCT FROM pg_backend_pid();
    IF cardinality(writers) = 0 THEN
        bound := numbered;
    ELSIF NOT writers && newest.writers THEN
        -- all who were writing then have ended, so what was numbered then is final
        bound := newest.numbered;
    ELSE
        bound := newest.through;
    END IF;

    WHILE newest.through < bound
        -- nothing is final but what is sealed: note how far it is once these writers have ended
        OR (newest.numbered = newest.through AND numbered > newest.through)
    LOOP
        seal.id := uuid7();
        seal.created_at := clock_timestamp();
        seal.number := newest.number + 1;
        seal.previous_hash := newest.hash;
        seal.numbered := numbered;
        seal.writers := writers;
        SELECT least(bound, coalesce(min(entry_number), bound) + p_batch - 1) INTO seal.through
        FROM (
            SELECT entry_number FROM audit_entries WHERE entry_number > newest.through ORDER BY entry_number LIMIT 1
        ) AS first_one;
        SELECT
            count(*),
            coalesce(string_agg(
                int8send(entry_number) || sha256(convert_to(content, 'UTF8')), '' ORDER BY entry_number, content COLLATE "C"
            ), '')
        INTO seal.entry_count, seal.entries
        FROM audit_entries
        WHERE entry_number > newest.through AND entry_number <= seal.through;
        seal.hash := sha256(
            seal.previous_hash || uuid_send(seal.id) || int8send(seal.number) || int8send(seal.through)
            || int8send(seal.numbered) || int8send(seal.entry_count)
            || int8send((extract(epoch FROM seal.created_at) * 1000000)::bigint)
            || sha256(convert_to(array_to_string(seal.writers, ' '), 'UTF8')) || sha256(seal.entries)
        );
        INSERT INTO audit_seals VALUES (seal.*);
        sealed := sealed + seal.entry_count;
        newest := seal;
    END LOOP;
    IF newest.number > 0 THEN
        anchor := newest.number || ':' || encode(newest.hash, 'hex');
    END IF;
END
