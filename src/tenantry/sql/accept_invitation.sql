DECLARE
    person CONSTANT uuid := get_current_user_id();
    invitation tenant_invitations;
BEGIN
    SELECT found.* INTO invitation
    FROM tenant_invitations AS found
    JOIN users ON lower(users.email) = lower(found.email)
    WHERE users.id = person AND found.id = p_invitation_id
        AND found.accepted_at IS NULL AND found.expires_at > now()
    FOR UPDATE OF found;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open invitation % for this user', p_invitation_id
            USING ERRCODE = 'no_data_found';
    END IF;
    INSERT INTO tenant_users (tenant_id, user_id, role)
    VALUES (invitation.tenant_id, person, invitation.role)
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = excluded.role, deactivated_at = NULL
    WHERE tenant_users.deactivated_at IS NOT NULL;
    UPDATE tenant_invitations SET accepted_at = now()
    WHERE tenant_id = invitation.tenant_id AND id = invitation.id;
    RETURN invitation.tenant_id;
END
