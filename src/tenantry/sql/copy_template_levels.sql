DECLARE
    part text;
BEGIN
    INSERT INTO levels
    SELECT copy.*
    FROM levels AS template
    CROSS JOIN jsonb_populate_record(template, jsonb_build_object(
        'tenant_id', p_tenant_id, 'id', uuid7(), 'created_at', now(), 'updated_at', now()
    )) AS copy
    WHERE template.tenant_id = p_template_id;

    -- whole rows, so that a column that is added later is copied as well
    FOREACH part IN ARRAY ARRAY[
        'level_token_policies', 'level_features', 'level_pricing', 'level_restrictions', 'level_benefits'
    ] LOOP
        EXECUTE format(
            $copy$
                INSERT INTO %1$I
                SELECT copy.*
                FROM %1$I AS template
                JOIN levels AS old ON old.tenant_id = template.tenant_id AND old.id = template.level_id
                JOIN levels AS new ON new.tenant_id = $2 AND new.slug = old.slug
                CROSS JOIN jsonb_populate_record(template, jsonb_build_object(
                    'tenant_id', new.tenant_id, 'id', uuid7(), 'level_id', new.id,
                    'created_at', now(), 'updated_at', now()
                )) AS copy
                WHERE template.tenant_id = $1
            $copy$,
            part
        ) USING p_template_id, p_tenant_id;
    END LOOP;

    INSERT INTO level_upgrade_paths
    SELECT copy.*
    FROM level_upgrade_paths AS template
    JOIN levels AS old_from ON old_from.tenant_id = template.tenant_id AND old_from.id = template.from_level_id
    JOIN levels AS old_to ON old_to.tenant_id = template.tenant_id AND old_to.id = template.to_level_id
    JOIN levels AS new_from ON new_from.tenant_id = p_tenant_id AND new_from.slug = old_from.slug
    JOIN levels AS new_to ON new_to.tenant_id = p_tenant_id AND new_to.slug = old_to.slug
    CROSS JOIN jsonb_populate_record(template, jsonb_build_object(
        'tenant_id', p_tenant_id, 'id', uuid7(), 'from_level_id', new_from.id, 'to_level_id', new_to.id,
        'created_at', now(), 'updated_at', now()
    )) AS copy
    WHERE template.tenant_id = p_template_id;
END
