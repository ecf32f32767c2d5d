RETURN p_role IN ('owner', 'admin') OR (p_role = 'member' AND p_caller_id = p_user_id)
