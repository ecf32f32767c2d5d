DECLARE
    highest numeric;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'maxima are lowered in READ COMMITTED transactions: an older snapshot lacks scores'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    SELECT max(given.score) INTO highest
    FROM performance_scores AS given
    WHERE given.tenant_id = NEW.tenant_id AND given.criteria_id = NEW.id;
    IF highest > NEW.max_score THEN
        RAISE EXCEPTION 'a score of % has been given on "%": its maximum cannot be %', highest, NEW.name, NEW.max_score
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NULL;
END
