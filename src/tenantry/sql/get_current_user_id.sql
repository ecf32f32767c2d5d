SELECT (verified_context())[2]
