RETURN (verified_context())[1]
