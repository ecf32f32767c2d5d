DO $bootstrap$
DECLARE
  owner CONSTANT name := {owner};
  roles CONSTANT name[] := {roles};
  login CONSTANT name := current_user;
  version CONSTANT integer := current_setting('server_version_num');
  first_time boolean;
  facts text[] := ARRAY[]::text[];
  is_owner boolean;
BEGIN
  IF version < {minimum} * 10000 THEN
    RAISE 'this is PostgreSQL %, but % or later is needed: upgrade it', current_setting('server_version'), {minimum}
      USING ERRCODE = 'TN001';
  END IF;

  -- Two deployments at once: the second waits here for as long as the first takes.
  PERFORM set_config('lock_timeout', '0', true), pg_advisory_xact_lock({lock});
  first_time := to_regclass('public.tenantry_ledger') IS NULL;

  -- Roles belong to the whole cluster: another database may create or drop them at this instant, hence the attempts.
  FOR attempt IN 1..10 LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', owner);
        facts := facts || 'owner role created'::text;
      END IF;
      -- From 16 on the creator of a role may administer it, but neither become it nor use its rights.
      IF version >= 160000 THEN
        is_owner := pg_has_role(owner, 'SET') AND pg_has_role(owner, 'USAGE');
      ELSE
        is_owner := pg_has_role(owner, 'MEMBER');
      END IF;
      IF NOT is_owner THEN
        EXECUTE format('GRANT %I TO %I', owner, login)
          || CASE WHEN version >= 160000 THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
      END IF;
      IF NOT has_schema_privilege(owner, 'public', 'CREATE') OR NOT has_schema_privilege(owner, 'public', 'USAGE') THEN
        EXECUTE format('GRANT USAGE, CREATE ON SCHEMA public TO %I', owner);
        facts := facts || 'schema granted'::text;
      END IF;
      IF NOT has_schema_privilege(owner, 'public', 'CREATE') THEN
        RAISE insufficient_privilege;
      END IF;
      IF EXISTS (SELECT FROM unnest(roles) AS r (name) WHERE name NOT IN (SELECT rolname FROM pg_roles))
         AND NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login AND (rolsuper OR rolcreaterole)) THEN
        RAISE insufficient_privilege;
      END IF;
      EXIT;
    EXCEPTION
      WHEN duplicate_object OR unique_violation OR undefined_object THEN
        facts := ARRAY[]::text[];
      WHEN insufficient_privilege THEN
        RAISE '% may not set up the roles of the database; let a superuser run: %', login, concat_ws(' ',
          (SELECT string_agg(format('CREATE ROLE %I;', name), ' ')
             FROM unnest(roles) AS r (name) WHERE name NOT IN (SELECT rolname FROM pg_roles)),
          format('GRANT %I TO %I; GRANT USAGE, CREATE ON SCHEMA public TO %I;', owner, login, owner))
          USING ERRCODE = 'TN001';
    END;
  END LOOP;

  -- A temporary table of a request could stand in for a real one.
  IF first_time AND EXISTS (
    SELECT FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
    WHERE d.datname = current_database() AND a.grantee = 0 AND a.privilege_type = 'TEMPORARY'
      AND pg_has_role(d.datdba, 'USAGE')
  ) THEN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    facts := facts || 'temporary revoked'::text;
  END IF;

  -- Alembic may have been here before us.
  IF EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('public.alembic_version') AND pg_get_userbyid(relowner) <> owner) THEN
    EXECUTE format('ALTER TABLE public.alembic_version OWNER TO %I', owner);
  END IF;

  -- From here to the end of the transaction, so that everything belongs to the owner.
  EXECUTE format('SET LOCAL ROLE %I', owner);
  IF first_time THEN
    CREATE TABLE public.tenantry_ledger (kind text NOT NULL, identity text NOT NULL, PRIMARY KEY (kind, identity));
    COMMENT ON TABLE public.tenantry_ledger IS {ledger};
    REVOKE ALL ON TABLE public.tenantry_ledger FROM PUBLIC;
  END IF;
  INSERT INTO public.tenantry_ledger SELECT 'bootstrap', unnest(facts) ON CONFLICT DO NOTHING;
END
$bootstrap$
