RETURN false
