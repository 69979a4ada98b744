-- What every service's database stands on. It runs as the service's owner role, before the service's own migrations.
--
-- A migration of a service writes:
--   CREATE TABLE igny8_things (account_id uuid NOT NULL, id uuid NOT NULL, site_id uuid NOT NULL, …,
--       CONSTRAINT igny8_things_pkey PRIMARY KEY (account_id, id));
--   CALL app.secure('igny8_things', site_column => 'site_id');
--   CALL app.open_to_system('igny8_things', readable => '{account_id,id,state}', writable => '{state}');

CREATE SCHEMA app;

-- The role that requests run as. It is named by the owner: igny8_auth_owner → igny8_auth, igny8_auth_system.
CREATE FUNCTION app.service_role() RETURNS name LANGUAGE plpgsql STABLE AS $$
DECLARE
    owner text := (SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'app');
BEGIN
    IF owner NOT LIKE '%\_owner' THEN
        RAISE EXCEPTION 'migrations must run as the role igny8_<service>_owner, not as %', owner;
    END IF;
    RETURN left(owner, -length('_owner'));
END $$;

CREATE FUNCTION app.system_role() RETURNS name LANGUAGE sql STABLE AS $$ SELECT app.service_role() || '_system' $$;

-- The account of this transaction. Raises where a NULL would silently show no rows; the setting is '' and not NULL on a connection
-- whose earlier transaction had one.
CREATE FUNCTION app.account() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    setting text := current_setting('app.account_id', true);
BEGIN
    IF setting IS NULL OR setting = '' THEN
        RAISE EXCEPTION 'no account is set for this transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN setting::uuid;
END $$;

-- The sites that this transaction may see. Empty: all sites of the account.
CREATE FUNCTION app.sites() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('app.site_ids', true), ''), '{}')::uuid[]
$$;

-- Binds a table to the account of the transaction, and its rows to the caller's sites where it has a column for them.
-- The sub-selects make each setting an InitPlan: read once for each statement, and the index stays in use.
-- Deliberately no policy for the owner: a trigger function or a data migration that runs as owner sees no rows until the migration
-- gives it a policy of its own.
CREATE PROCEDURE app.secure(secured regclass, site_column name DEFAULT NULL, account_column name DEFAULT 'account_id')
LANGUAGE plpgsql AS $$
DECLARE
    first_key name := (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                       WHERE i.indrelid = secured AND i.indisprimary);
    visible text := format('%I = (SELECT app.account())', account_column);
BEGIN
    IF first_key IS DISTINCT FROM account_column THEN
        RAISE EXCEPTION 'the primary key of % must start with %', secured, account_column;
    END IF;
    IF site_column IS NOT NULL THEN
        visible := visible || format(' AND ((SELECT app.sites()) = ''{}'' OR %I = ANY ((SELECT app.sites())::uuid[]))', site_column);
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', secured);
    EXECUTE format('CREATE POLICY account ON %s TO %I USING (%s) WITH CHECK (%s)', secured, app.service_role(), visible, visible);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', secured, app.service_role());
END $$;

-- Lets the system role cross accounts on the named columns. Anything more (INSERT, DELETE) is a GRANT that the migration spells out.
CREATE PROCEDURE app.open_to_system(opened regclass, readable name[], writable name[] DEFAULT '{}') LANGUAGE plpgsql AS $$
DECLARE
    columns text;
BEGIN
    EXECUTE format('CREATE POLICY system ON %s TO %I USING (true) WITH CHECK (true)', opened, app.system_role());
    SELECT string_agg(quote_ident(c), ', ') INTO columns FROM unnest(readable) c;
    EXECUTE format('GRANT SELECT (%s) ON %s TO %I', columns, opened, app.system_role());
    IF writable <> '{}' THEN
        SELECT string_agg(quote_ident(c), ', ') INTO columns FROM unnest(writable) c;
        EXECUTE format('GRANT UPDATE (%s) ON %s TO %I', columns, opened, app.system_role());
    END IF;
END $$;

-- What a migration forgot, one sentence each. `db::migrate::run` refuses to finish while there is any.
CREATE FUNCTION app.gaps() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT format('table %s has an account_id and no forced row level security', c.oid::regclass)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    UNION ALL
    SELECT format('foreign key %s leaves account_id out', k.conname)
    FROM pg_constraint k
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'account_id'
    JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'account_id'
    WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND a.attnum <> ALL (k.conkey)
    UNION ALL
    SELECT format('view %s needs WITH (security_invoker = true)', c.oid::regclass)
    FROM pg_class c
    WHERE c.relkind IN ('v', 'm') AND c.relnamespace = 'public'::regnamespace
      AND NOT ('security_invoker=true' = ANY (coalesce(c.reloptions, '{}')))
$$;

-- The system role may erase, where a service grants it that: an account that has ended takes its log along.
CREATE FUNCTION app.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = app.system_role() THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

-- Readiness compares the versions in the table of the migrations with those that the binary expects.
DO $$ BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA app, public TO %I, %I', app.service_role(), app.system_role());
    EXECUTE format('GRANT SELECT ON __diesel_schema_migrations TO %I', app.service_role());
END $$;

-- Who did what. Rows are written in the transaction of the deed and never change.
CREATE TABLE igny8_audit_log (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    api_key_id uuid,
    entered_by uuid,
    action text NOT NULL,
    object text NOT NULL,
    object_id uuid,
    details jsonb NOT NULL DEFAULT '{}',
    request_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_audit_log_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX igny8_audit_log_account_id_object_object_id_id_idx ON igny8_audit_log (account_id, object, object_id, id);
CREATE INDEX igny8_audit_log_account_id_user_id_id_idx ON igny8_audit_log (account_id, user_id, id);
CALL app.secure('igny8_audit_log');
CREATE TRIGGER igny8_audit_log_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON igny8_audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION app.refuse_change();

-- Deletions that can still be taken back. The id is the token.
CREATE TABLE igny8_undo (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    object text NOT NULL,
    object_id uuid NOT NULL,
    payload jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT igny8_undo_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX igny8_undo_expires_at_idx ON igny8_undo (expires_at);
CALL app.secure('igny8_undo');
CALL app.open_to_system('igny8_undo', readable => '{account_id,expires_at}');

-- Answers that a repeated request gets again. The actor belongs to the key: nobody replays what another user was told.
CREATE TABLE igny8_idempotency_keys (
    account_id uuid NOT NULL,
    actor_id uuid NOT NULL,
    method text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    response bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT igny8_idempotency_keys_pkey PRIMARY KEY (account_id, actor_id, method, key)
);
CREATE INDEX igny8_idempotency_keys_expires_at_idx ON igny8_idempotency_keys (expires_at);
CALL app.secure('igny8_idempotency_keys');
CALL app.open_to_system('igny8_idempotency_keys', readable => '{account_id,expires_at}');

DO $$ BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON igny8_audit_log FROM %I', app.service_role());
    EXECUTE format('GRANT DELETE ON igny8_undo, igny8_idempotency_keys TO %I', app.system_role());
END $$;
