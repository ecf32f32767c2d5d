DECLARE
    plan_now CONSTANT text := CASE WHEN NEW.status IN ('trialing', 'active', 'past_due') THEN NEW.plan ELSE 'free' END;
BEGIN
    UPDATE tenants
    SET plan = plan_now
    WHERE id = NEW.tenant_id AND plan <> plan_now;
    RETURN NULL;
END
