BEGIN
    -- whole rows, so that a column that is added later is copied as well
    INSERT INTO roles
    SELECT copy.*
    FROM roles AS template
    CROSS JOIN jsonb_populate_record(template, jsonb_build_object(
        'tenant_id', p_tenant_id, 'id', uuid7(), 'created_at', now(), 'updated_at', now()
    )) AS copy
    WHERE template.tenant_id = p_template_id;

    INSERT INTO role_permissions
    SELECT copy.*
    FROM role_permissions AS template
    JOIN roles AS old ON old.tenant_id = template.tenant_id AND old.id = template.role_id
    JOIN roles AS new ON new.tenant_id = p_tenant_id AND new.key = old.key
    CROSS JOIN jsonb_populate_record(template, jsonb_build_object(
        'tenant_id', p_tenant_id, 'id', uuid7(), 'role_id', new.id, 'created_at', now(), 'updated_at', now()
    )) AS copy
    WHERE template.tenant_id = p_template_id;
END
