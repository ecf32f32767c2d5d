-- NULL where nothing changed; a value that is not mentioned is empty
SELECT
    CASE WHEN p_old IS NULL THEN '{}' ELSE jsonb_build_object('old', coalesce(jsonb_object_agg(
        field, p_old -> field
    ) FILTER (WHERE field <> ALL (p_sensitive)), '{}')) END
    || CASE WHEN p_new IS NULL THEN '{}' ELSE jsonb_build_object('new', coalesce(jsonb_object_agg(
        field, p_new -> field
    ) FILTER (WHERE field <> ALL (p_sensitive)), '{}')) END
    || CASE WHEN bool_or(field = ANY (p_sensitive)) THEN jsonb_build_object('sensitive', jsonb_agg(
        field ORDER BY field
    ) FILTER (WHERE field = ANY (p_sensitive))) ELSE '{}' END
FROM jsonb_object_keys(coalesce(p_new, p_old)) AS field
WHERE field <> 'updated_at'
    AND coalesce(p_old -> field, 'null') <> coalesce(p_new -> field, 'null')
HAVING count(*) > 0
