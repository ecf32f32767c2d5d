DO $$
BEGIN
    -- only where it is another, so that an upgrade without news changes nothing; cached plans are made anew
    IF to_regprocedure('public.contexts_are_plain()') IS NOT NULL THEN
        IF public.contexts_are_plain() IS DISTINCT FROM {plain} THEN
            CREATE OR REPLACE FUNCTION public.contexts_are_plain() RETURNS boolean
                LANGUAGE sql STABLE PARALLEL SAFE RETURN {plain};
        END IF;
    END IF;
END
$$
