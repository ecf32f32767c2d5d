DECLARE
    known_by CONSTANT text := TG_ARGV[0];
    leads_to CONSTANT text := TG_ARGV[1];
    first CONSTANT uuid := to_jsonb(NEW) ->> known_by;
    next CONSTANT uuid := to_jsonb(NEW) ->> leads_to;
    is_cycle boolean;
BEGIN
    IF next IS NULL THEN
        RETURN NULL;
    END IF;
    -- two halves of a cycle, made at the same instant, would not see each other
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_NAME || ':' || NEW.tenant_id, 0));
    EXECUTE format(
        'WITH RECURSIVE reached (id) AS (
            SELECT $2
            UNION
            SELECT link.%2$I FROM %1$I AS link JOIN reached ON link.%3$I = reached.id WHERE link.tenant_id = $1
        )
        SELECT EXISTS (SELECT FROM reached WHERE id = $3)',
        TG_TABLE_NAME, leads_to, known_by
    ) INTO is_cycle USING NEW.tenant_id, next, first;
    IF is_cycle THEN
        RAISE EXCEPTION '% % leads back to itself', TG_TABLE_NAME, first
            USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, COLUMN = leads_to;
    END IF;
    RETURN NULL;
END
