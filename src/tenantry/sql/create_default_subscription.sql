BEGIN
    INSERT INTO subscriptions (tenant_id, plan, status, current_period_end)
    VALUES (
        NEW.id,
        NEW.plan,
        CASE NEW.status WHEN 'trial' THEN 'trialing' ELSE 'active' END,
        CASE NEW.status WHEN 'trial' THEN NEW.trial_ends_at END
    );
    RETURN NULL;
END
