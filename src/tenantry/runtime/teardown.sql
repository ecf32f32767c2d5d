DO $teardown$
DECLARE
  owner CONSTANT name := {owner};
  facts CONSTANT text[] := ARRAY(SELECT identity FROM public.tenantry_ledger WHERE kind = 'bootstrap');
BEGIN
  DROP TABLE IF EXISTS public.alembic_version;
  DROP TABLE public.tenantry_ledger;
  RESET ROLE;
  IF 'schema granted' = ANY (facts) THEN
    EXECUTE format('REVOKE USAGE, CREATE ON SCHEMA public FROM %I', owner);
  END IF;
  IF 'temporary revoked' = ANY (facts) THEN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
  END IF;
  IF 'owner role created' = ANY (facts) THEN
    BEGIN
      EXECUTE format('DROP ROLE %I', owner);
    EXCEPTION WHEN dependent_objects_still_exist OR insufficient_privilege THEN
      RAISE NOTICE 'role % stays: another database uses it, or it is somebody else''s', owner;
    END;
  END IF;
END
$teardown$
