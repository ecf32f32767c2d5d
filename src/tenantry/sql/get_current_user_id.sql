RETURN (verified_context())[2]
