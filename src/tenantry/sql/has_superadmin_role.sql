BEGIN
    -- "role" is what SET ROLE chose: unlike current_user it stays the caller's inside a SECURITY DEFINER function
    RETURN has_function_privilege(
        coalesce(nullif(current_setting('role'), 'none'), session_user)::name,
        'enable_superadmin_mode(text, uuid)',
        'execute'
    );
END
