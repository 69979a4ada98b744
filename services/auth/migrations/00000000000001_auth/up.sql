-- Accounts, their people and sites, and everything that proves who is calling.
--
-- Values that are unique across the fleet, and not within one account: e-mail addresses, and hashes of secrets. Only the system role
-- looks a row up by one of them; all else happens in the account that the row names.

CREATE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE TABLE igny8_accounts (
    id uuid NOT NULL,
    name text NOT NULL,
    status text NOT NULL DEFAULT 'trial',
    system boolean NOT NULL DEFAULT false,
    status_before_cancel text,
    cancelled_at timestamptz,
    deletes_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_accounts_pkey PRIMARY KEY (id),
    CONSTRAINT igny8_accounts_status_check CHECK (status IN ('trial', 'active', 'suspended', 'cancelled')),
    CONSTRAINT igny8_accounts_status_before_cancel_check CHECK (status_before_cancel IN ('trial', 'active')),
    CONSTRAINT igny8_accounts_deletes_at_check CHECK ((status = 'cancelled') = (deletes_at IS NOT NULL)),
    CONSTRAINT igny8_accounts_cancelled_at_check CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL))
);
CREATE UNIQUE INDEX igny8_accounts_system_key ON igny8_accounts (system) WHERE system;
CREATE INDEX igny8_accounts_deletes_at_idx ON igny8_accounts (deletes_at) WHERE deletes_at IS NOT NULL;
CREATE TRIGGER igny8_accounts_touch BEFORE UPDATE ON igny8_accounts FOR EACH ROW EXECUTE FUNCTION app.touch();
-- The account of the staff. It stands here before the policies do: nobody can make a second one.
INSERT INTO igny8_accounts (id, name, status, system) VALUES ('00000000-0000-7000-8000-000000000001', 'IGNY8', 'active', true);
CALL app.secure('igny8_accounts', account_column => 'id');
CALL app.open_to_system('igny8_accounts', readable => '{id,name,status,system,created_at,deletes_at}');
REVOKE INSERT, UPDATE, DELETE ON igny8_accounts FROM igny8_auth;
GRANT INSERT (id, name), UPDATE (name, status, status_before_cancel, cancelled_at, deletes_at) ON igny8_accounts TO igny8_auth;
-- Erasing an account takes every row of it along.
GRANT DELETE ON igny8_accounts TO igny8_auth_system;
CREATE POLICY grace ON igny8_accounts AS RESTRICTIVE FOR DELETE TO igny8_auth_system USING (deletes_at < now() AND NOT system);

CREATE TABLE igny8_users (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    role text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    -- Counts up whenever tokens made before must stop to work.
    epoch bigint NOT NULL DEFAULT 0,
    email_verified_at timestamptz,
    last_sign_in_at timestamptz,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_users_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_users_account_id_fkey FOREIGN KEY (account_id) REFERENCES igny8_accounts (id) ON DELETE CASCADE,
    CONSTRAINT igny8_users_email_check CHECK (email = lower(email)),
    CONSTRAINT igny8_users_role_check CHECK (role IN ('viewer', 'editor', 'admin', 'owner', 'developer'))
);
CREATE UNIQUE INDEX igny8_users_email_key ON igny8_users (email) WHERE deleted_at IS NULL;
CREATE INDEX igny8_users_deleted_at_idx ON igny8_users (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TRIGGER igny8_users_touch BEFORE UPDATE ON igny8_users FOR EACH ROW EXECUTE FUNCTION app.touch();
CALL app.secure('igny8_users');
CALL app.open_to_system('igny8_users', readable => '{account_id,id,email,password_hash,role,active,epoch,deleted_at}');
REVOKE DELETE ON igny8_users FROM igny8_auth;
GRANT DELETE ON igny8_users TO igny8_auth_system;
CREATE POLICY grace ON igny8_users AS RESTRICTIVE FOR DELETE TO igny8_auth_system USING (deleted_at < now() - interval '30 days');

-- The catalogue of industries is the same for all accounts and on every installation.
CREATE TABLE igny8_industries (
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    CONSTRAINT igny8_industries_pkey PRIMARY KEY (id),
    CONSTRAINT igny8_industries_slug_key UNIQUE (slug)
);

CREATE TABLE igny8_industry_sectors (
    industry_id uuid NOT NULL,
    id uuid NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    CONSTRAINT igny8_industry_sectors_pkey PRIMARY KEY (id),
    CONSTRAINT igny8_industry_sectors_industry_id_slug_key UNIQUE (industry_id, slug),
    CONSTRAINT igny8_industry_sectors_industry_id_fkey FOREIGN KEY (industry_id) REFERENCES igny8_industries (id)
);
GRANT SELECT ON igny8_industries, igny8_industry_sectors TO igny8_auth;

CREATE TABLE igny8_sites (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    domain text NOT NULL,
    industry_id uuid,
    time_zone text NOT NULL DEFAULT 'UTC',
    language text NOT NULL DEFAULT 'en',
    country text NOT NULL DEFAULT 'US',
    facts text NOT NULL DEFAULT '',
    colours text[] NOT NULL DEFAULT '{}',
    active boolean NOT NULL DEFAULT true,
    auto_publish boolean NOT NULL DEFAULT false,
    daily_pace integer NOT NULL DEFAULT 10,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_sites_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_sites_account_id_fkey FOREIGN KEY (account_id) REFERENCES igny8_accounts (id) ON DELETE CASCADE,
    CONSTRAINT igny8_sites_industry_id_fkey FOREIGN KEY (industry_id) REFERENCES igny8_industries (id),
    CONSTRAINT igny8_sites_daily_pace_check CHECK (daily_pace BETWEEN 1 AND 1000)
);
CREATE UNIQUE INDEX igny8_sites_account_id_domain_key ON igny8_sites (account_id, domain) WHERE deleted_at IS NULL;
CREATE INDEX igny8_sites_deleted_at_idx ON igny8_sites (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TRIGGER igny8_sites_touch BEFORE UPDATE ON igny8_sites FOR EACH ROW EXECUTE FUNCTION app.touch();
CALL app.secure('igny8_sites', site_column => 'id');
CALL app.open_to_system('igny8_sites', readable => '{account_id,id,deleted_at}');
REVOKE DELETE ON igny8_sites FROM igny8_auth;
GRANT DELETE ON igny8_sites TO igny8_auth_system;
CREATE POLICY grace ON igny8_sites AS RESTRICTIVE FOR DELETE TO igny8_auth_system USING (deleted_at < now() - interval '30 days');

CREATE TABLE igny8_sectors (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    industry_sector_id uuid,
    slot smallint NOT NULL,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_sectors_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_sectors_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_sites (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_sectors_industry_sector_id_fkey FOREIGN KEY (industry_sector_id) REFERENCES igny8_industry_sectors (id),
    CONSTRAINT igny8_sectors_slot_check CHECK (slot BETWEEN 1 AND 5)
);
CREATE UNIQUE INDEX igny8_sectors_account_id_site_id_slot_key ON igny8_sectors (account_id, site_id, slot) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX igny8_sectors_account_id_site_id_name_key ON igny8_sectors (account_id, site_id, lower(name))
    WHERE deleted_at IS NULL;
CREATE INDEX igny8_sectors_deleted_at_idx ON igny8_sectors (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE TRIGGER igny8_sectors_touch BEFORE UPDATE ON igny8_sectors FOR EACH ROW EXECUTE FUNCTION app.touch();
CALL app.secure('igny8_sectors', site_column => 'site_id');
CALL app.open_to_system('igny8_sectors', readable => '{account_id,id,deleted_at}');
REVOKE DELETE ON igny8_sectors FROM igny8_auth;
GRANT DELETE ON igny8_sectors TO igny8_auth_system;
CREATE POLICY grace ON igny8_sectors AS RESTRICTIVE FOR DELETE TO igny8_auth_system USING (deleted_at < now() - interval '30 days');

-- A live site keeps at least one live sector. The site's row is locked before counting: of two deletions at once the second waits, and
-- then counts without the sector that the first took away.
CREATE FUNCTION app.require_sector(account uuid, site uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM igny8_sites s WHERE s.account_id = account AND s.id = site AND s.deleted_at IS NULL FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM igny8_sectors s
                             WHERE s.account_id = account AND s.site_id = site AND s.deleted_at IS NULL) THEN
        RAISE EXCEPTION 'a site needs at least one sector' USING
            ERRCODE = 'check_violation', TABLE = 'igny8_sectors', CONSTRAINT = 'igny8_sectors_last_check';
    END IF;
END $$;
CREATE FUNCTION app.sector_left() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM app.require_sector(OLD.account_id, OLD.site_id);
    RETURN NULL;
END $$;
CREATE FUNCTION app.site_came() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM app.require_sector(NEW.account_id, NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER igny8_sectors_last AFTER UPDATE OF deleted_at, site_id ON igny8_sectors FOR EACH ROW
    WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION app.sector_left();
CREATE CONSTRAINT TRIGGER igny8_sites_first AFTER INSERT OR UPDATE OF deleted_at ON igny8_sites DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION app.site_came();

CREATE TABLE igny8_site_user_access (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    site_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_site_user_access_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_site_user_access_account_id_user_id_site_id_key UNIQUE (account_id, user_id, site_id),
    CONSTRAINT igny8_site_user_access_user_id_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES igny8_users (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_site_user_access_site_id_fkey FOREIGN KEY (account_id, site_id)
        REFERENCES igny8_sites (account_id, id) ON DELETE CASCADE
);
CREATE INDEX igny8_site_user_access_account_id_site_id_idx ON igny8_site_user_access (account_id, site_id);
CALL app.secure('igny8_site_user_access', site_column => 'site_id');

CREATE TABLE igny8_sessions (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- Null where the session lives by refresh tokens.
    cookie_hash bytea,
    user_agent text NOT NULL DEFAULT '',
    address text,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT igny8_sessions_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_sessions_user_id_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES igny8_users (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_sessions_cookie_hash_key UNIQUE (cookie_hash)
);
CREATE INDEX igny8_sessions_account_id_user_id_idx ON igny8_sessions (account_id, user_id);
CREATE INDEX igny8_sessions_expires_at_idx ON igny8_sessions (expires_at);
CREATE INDEX igny8_sessions_ended_at_idx ON igny8_sessions (ended_at) WHERE ended_at IS NOT NULL;
CALL app.secure('igny8_sessions');
CALL app.open_to_system('igny8_sessions', readable => '{account_id,id,user_id,cookie_hash,expires_at,ended_at}');
GRANT DELETE ON igny8_sessions TO igny8_auth_system;

CREATE TABLE igny8_refresh_tokens (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT igny8_refresh_tokens_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_refresh_tokens_session_id_fkey FOREIGN KEY (account_id, session_id)
        REFERENCES igny8_sessions (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_refresh_tokens_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX igny8_refresh_tokens_account_id_session_id_idx ON igny8_refresh_tokens (account_id, session_id);
CREATE INDEX igny8_refresh_tokens_expires_at_idx ON igny8_refresh_tokens (expires_at);
CALL app.secure('igny8_refresh_tokens');
CALL app.open_to_system('igny8_refresh_tokens', readable => '{account_id,id,session_id,token_hash,expires_at,used_at}');
GRANT DELETE ON igny8_refresh_tokens TO igny8_auth_system;

CREATE TABLE igny8_user_tokens (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_user_tokens_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_user_tokens_user_id_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES igny8_users (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_user_tokens_purpose_check CHECK (purpose IN ('verify_email', 'reset_password')),
    CONSTRAINT igny8_user_tokens_token_hash_key UNIQUE (token_hash)
);
CREATE INDEX igny8_user_tokens_account_id_user_id_idx ON igny8_user_tokens (account_id, user_id);
CREATE INDEX igny8_user_tokens_expires_at_idx ON igny8_user_tokens (expires_at);
CALL app.secure('igny8_user_tokens');
CALL app.open_to_system('igny8_user_tokens', readable => '{account_id,id,user_id,purpose,token_hash,expires_at,used_at}');
GRANT DELETE ON igny8_user_tokens TO igny8_auth_system;

CREATE TABLE igny8_invitations (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL,
    site_ids uuid[] NOT NULL DEFAULT '{}',
    token_hash bytea NOT NULL,
    invited_by uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_invitations_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_invitations_invited_by_fkey FOREIGN KEY (account_id, invited_by)
        REFERENCES igny8_users (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_invitations_email_check CHECK (email = lower(email)),
    CONSTRAINT igny8_invitations_role_check CHECK (role IN ('viewer', 'editor', 'admin', 'owner')),
    CONSTRAINT igny8_invitations_token_hash_key UNIQUE (token_hash)
);
CREATE UNIQUE INDEX igny8_invitations_account_id_email_key ON igny8_invitations (account_id, email) WHERE accepted_at IS NULL;
CREATE INDEX igny8_invitations_expires_at_idx ON igny8_invitations (expires_at);
CALL app.secure('igny8_invitations');
CALL app.open_to_system('igny8_invitations', readable => '{account_id,id,token_hash,expires_at,accepted_at}');
GRANT DELETE ON igny8_invitations TO igny8_auth_system;

CREATE TABLE igny8_api_keys (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    secret_hash bytea NOT NULL,
    role text NOT NULL,
    site_ids uuid[] NOT NULL DEFAULT '{}',
    daily_credit_cap bigint,
    expires_at timestamptz,
    last_used_at timestamptz,
    -- Null once the user is purged: the key is the account's and stays.
    created_by uuid,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_api_keys_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_api_keys_account_id_fkey FOREIGN KEY (account_id) REFERENCES igny8_accounts (id) ON DELETE CASCADE,
    CONSTRAINT igny8_api_keys_created_by_fkey FOREIGN KEY (account_id, created_by)
        REFERENCES igny8_users (account_id, id) ON DELETE SET NULL (created_by),
    CONSTRAINT igny8_api_keys_role_check CHECK (role IN ('viewer', 'editor', 'admin', 'owner')),
    CONSTRAINT igny8_api_keys_daily_credit_cap_check CHECK (daily_credit_cap >= 0),
    CONSTRAINT igny8_api_keys_secret_hash_key UNIQUE (secret_hash)
);
CREATE INDEX igny8_api_keys_revoked_at_idx ON igny8_api_keys (revoked_at) WHERE revoked_at IS NOT NULL;
CALL app.secure('igny8_api_keys');
CALL app.open_to_system('igny8_api_keys', readable => '{account_id,id,secret_hash,expires_at,revoked_at}');
GRANT DELETE ON igny8_api_keys TO igny8_auth_system;
CREATE POLICY grace ON igny8_api_keys AS RESTRICTIVE FOR DELETE TO igny8_auth_system USING (revoked_at < now() - interval '30 days');

-- Mails on their way. A row is written with the deed that it tells of and deleted once the relay has taken the mail.
CREATE TABLE igny8_mails (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    recipient text NOT NULL,
    -- Subject and body: they carry tokens.
    sealed text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_mails_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_mails_account_id_fkey FOREIGN KEY (account_id) REFERENCES igny8_accounts (id) ON DELETE CASCADE
);
CREATE INDEX igny8_mails_next_at_idx ON igny8_mails (next_at);
CALL app.secure('igny8_mails');
CALL app.open_to_system('igny8_mails', readable => '{account_id,id,recipient,sealed,attempts,next_at,created_at}',
    writable => '{attempts,next_at}');
GRANT DELETE ON igny8_mails TO igny8_auth_system;

-- The keys that sign access tokens: at most one that signs and one that is only published so far.
CREATE TABLE igny8_signing_keys (
    key_id text NOT NULL,
    sealed text NOT NULL,
    public_key bytea NOT NULL,
    state text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When the key began to sign; null for one that is only published.
    current_at timestamptz,
    -- Null until the key is retired.
    not_after timestamptz,
    CONSTRAINT igny8_signing_keys_pkey PRIMARY KEY (key_id),
    CONSTRAINT igny8_signing_keys_state_check CHECK (state IN ('next', 'current', 'retired')),
    CONSTRAINT igny8_signing_keys_current_at_check CHECK ((state = 'next') = (current_at IS NULL)),
    CONSTRAINT igny8_signing_keys_not_after_check CHECK ((state = 'retired') = (not_after IS NOT NULL))
);
CREATE UNIQUE INDEX igny8_signing_keys_state_key ON igny8_signing_keys (state) WHERE state <> 'retired';
GRANT SELECT, INSERT, UPDATE, DELETE ON igny8_signing_keys TO igny8_auth_system;

-- Failed sign-ins by subject: the SHA-256 of an e-mail address or of a network address.
CREATE TABLE igny8_sign_in_attempts (
    subject bytea NOT NULL,
    failures integer NOT NULL,
    blocked_until timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_sign_in_attempts_pkey PRIMARY KEY (subject)
);
CREATE INDEX igny8_sign_in_attempts_updated_at_idx ON igny8_sign_in_attempts (updated_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON igny8_sign_in_attempts TO igny8_auth_system;

-- The log ends with its account.
CALL app.open_to_system('igny8_audit_log', readable => '{account_id}');
GRANT DELETE ON igny8_audit_log TO igny8_auth_system;
CREATE POLICY grace ON igny8_audit_log AS RESTRICTIVE FOR DELETE TO igny8_auth_system
    USING (account_id IN (SELECT id FROM igny8_accounts WHERE deletes_at < now() AND NOT system));
