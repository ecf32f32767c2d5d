BEGIN
    -- those who confirm overlapping shifts at the same instant would otherwise wait for one another: a deadlock
    PERFORM pg_advisory_xact_lock(hashtextextended(TG_TABLE_NAME || ':' || NEW.tenant_id, 0));
    RETURN NEW;
END
