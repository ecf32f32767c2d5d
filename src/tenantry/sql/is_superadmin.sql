DECLARE
    -- what SET ROLE chose: unlike current_user it stays the caller's inside a SECURITY DEFINER function
    caller CONSTANT name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    IF NOT has_superadmin_role() THEN
        RETURN false;
    END IF;
    -- this function runs as the owner, who migrates rows and is no superadmin
    RETURN pg_has_role(caller, current_user, 'usage') OR superadmin_is_on_record();
END
