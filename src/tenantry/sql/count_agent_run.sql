BEGIN
    UPDATE agents
    SET total_runs = total_runs + 1
    WHERE tenant_id = NEW.tenant_id AND id = NEW.agent_id;
    RETURN NULL;
END
