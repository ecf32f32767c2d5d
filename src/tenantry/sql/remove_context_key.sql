BEGIN
    DELETE FROM context_keys WHERE kid = p_kid;
END
