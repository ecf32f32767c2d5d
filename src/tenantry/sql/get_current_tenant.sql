SELECT (verified_context())[1]
