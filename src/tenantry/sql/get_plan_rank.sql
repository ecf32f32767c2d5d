SELECT CASE p_plan
    WHEN 'free' THEN 0
    WHEN 'starter' THEN 1
    WHEN 'pro' THEN 2
    WHEN 'professional' THEN 2
    WHEN 'enterprise' THEN 3
END
