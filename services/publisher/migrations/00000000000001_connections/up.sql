-- Where sites are published, and with which user.

-- Sites as auth tells of them, so that foreign keys and policies work here.
CREATE TABLE igny8_site_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Of the copy: an older one never replaces a newer one.
    version bigint NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL,
    language text NOT NULL,
    active boolean NOT NULL,
    auto_publish boolean NOT NULL,
    -- How many articles a day.
    daily_pace integer NOT NULL,
    deleted boolean NOT NULL,
    CONSTRAINT igny8_site_copies_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_site_copies', site_column => 'id');

CREATE TABLE igny8_connections (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    kind text NOT NULL,
    url text NOT NULL,
    username text NOT NULL,
    -- Empty once the connection is deleted for good.
    password_sealed text NOT NULL,
    -- The key that it is sealed with, so that the keeper of keys finds what is to be sealed anew without reading any secret.
    password_key text NOT NULL GENERATED ALWAYS AS (split_part(password_sealed, ':', 2)) STORED,
    -- Where the API was found.
    rest_root text,
    -- The last test, as a ConnectionDiagnosis.
    diagnosis jsonb,
    is_default boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_connections_pkey PRIMARY KEY (account_id, id),
    -- For foreign keys that hold a connection to its site.
    CONSTRAINT igny8_connections_account_id_site_id_id_key UNIQUE (account_id, site_id, id),
    CONSTRAINT igny8_connections_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id)
        ON DELETE CASCADE,
    CONSTRAINT igny8_connections_kind_check CHECK (kind IN ('wordpress'))
);
CREATE UNIQUE INDEX igny8_connections_account_id_site_id_url_username_key ON igny8_connections (account_id, site_id, url, lower(username))
    WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX igny8_connections_account_id_site_id_is_default_key ON igny8_connections (account_id, site_id)
    WHERE is_default AND deleted_at IS NULL;
CREATE INDEX igny8_connections_password_key_idx ON igny8_connections (password_key);
CREATE INDEX igny8_connections_deleted_at_idx ON igny8_connections (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_connections', site_column => 'site_id');
CALL app.open_to_system('igny8_connections', readable => '{account_id,id,password_key,deleted_at}', writable => '{password_sealed}');
-- The row of a deleted connection stays, because publications name it. Its password does not, once the deletion cannot be taken back.
CREATE POLICY grace ON igny8_connections AS RESTRICTIVE FOR UPDATE TO igny8_publisher_system
    USING (deleted_at < now() - interval '1 hour') WITH CHECK (password_sealed = '');

-- Accounts that have ended here. A row outlives all others of its account: it is what lets the system role erase the log.
CREATE TABLE igny8_ended_accounts (
    account_id uuid NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_ended_accounts_pkey PRIMARY KEY (account_id)
);
CALL app.secure('igny8_ended_accounts');
CALL app.open_to_system('igny8_ended_accounts', readable => '{account_id}');
REVOKE UPDATE, DELETE ON igny8_ended_accounts FROM igny8_publisher;

CALL app.open_to_system('igny8_audit_log', readable => '{account_id}');
GRANT DELETE ON igny8_audit_log TO igny8_publisher_system;
CREATE POLICY grace ON igny8_audit_log AS RESTRICTIVE FOR DELETE TO igny8_publisher_system
    USING (account_id IN (SELECT account_id FROM igny8_ended_accounts));
