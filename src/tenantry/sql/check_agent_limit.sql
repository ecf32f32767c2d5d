DECLARE
    allowed integer;
    held bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.user_id = OLD.user_id THEN
        RETURN NEW;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'agents are made in READ COMMITTED transactions: an older snapshot could not count them'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    -- One at a time for each person; the count below begins after the wait and sees what was committed meanwhile.
    PERFORM pg_advisory_xact_lock(hashtextextended('agents of ' || NEW.user_id, 0));
    SELECT max_agents INTO allowed FROM users WHERE id = NEW.user_id;
    SELECT count(*) INTO held FROM agents WHERE user_id = NEW.user_id;
    IF held >= allowed THEN
        RAISE EXCEPTION 'user % has the % agents that are allowed', NEW.user_id, allowed
            USING ERRCODE = 'check_violation', TABLE = 'agents', CONSTRAINT = 'enforce_agent_limit';
    END IF;
    RETURN NEW;
END
