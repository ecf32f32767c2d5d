DECLARE
    maximum numeric;
BEGIN
    -- the lock keeps the maximum until this score is there for all to see
    SELECT criterion.max_score INTO maximum
    FROM performance_criteria AS criterion
    WHERE criterion.tenant_id = NEW.tenant_id AND criterion.id = NEW.criteria_id
    FOR SHARE;
    IF NEW.score > maximum THEN
        RAISE EXCEPTION 'score % is above %, the maximum of its criterion', NEW.score, maximum
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END
