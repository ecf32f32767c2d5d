BEGIN
    NEW.counted_at := CASE TG_OP WHEN 'UPDATE' THEN OLD.counted_at END;
    IF NEW.status = 'completed' AND NEW.counted_at IS NULL THEN
        NEW.counted_at := now();
        NEW.completed_at := coalesce(NEW.completed_at, now());
    END IF;
    RETURN NEW;
END
