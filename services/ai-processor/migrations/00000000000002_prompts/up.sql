-- What the AI is told, by whom and for whom, and what was asked of providers.

-- Sites and sectors as auth tells of them, so that foreign keys and policies work here.
CREATE TABLE igny8_site_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    -- Of the copy: an older one never replaces a newer one.
    version bigint NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    country text NOT NULL,
    facts text NOT NULL,
    active boolean NOT NULL,
    deleted boolean NOT NULL,
    CONSTRAINT igny8_site_copies_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_site_copies', site_column => 'id');

CREATE TABLE igny8_sector_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text NOT NULL,
    deleted boolean NOT NULL,
    CONSTRAINT igny8_sector_copies_pkey PRIMARY KEY (account_id, id),
    -- For foreign keys that hold a sector to its site.
    CONSTRAINT igny8_sector_copies_account_id_site_id_id_key UNIQUE (account_id, site_id, id),
    CONSTRAINT igny8_sector_copies_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id)
        ON DELETE CASCADE
);
CALL app.secure('igny8_sector_copies', site_column => 'site_id');

-- The account's own texts. A row stays when the default is back, so that no version is used twice.
CREATE TABLE igny8_ai_prompts (
    account_id uuid NOT NULL,
    key text NOT NULL,
    -- NULL: the default.
    template text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_ai_prompts_pkey PRIMARY KEY (account_id, key),
    CONSTRAINT igny8_ai_prompts_version_check CHECK (version > 0)
);
CALL app.secure('igny8_ai_prompts');

CREATE TABLE igny8_author_profiles (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    tone text NOT NULL,
    language text NOT NULL,
    reader text NOT NULL,
    examples text[] NOT NULL DEFAULT '{}',
    is_default boolean NOT NULL DEFAULT false,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_author_profiles_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_author_profiles_language_check CHECK (language ~ '^([a-z]{2})?$')
);
CREATE UNIQUE INDEX igny8_author_profiles_account_id_name_key ON igny8_author_profiles (account_id, lower(name)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX igny8_author_profiles_account_id_is_default_key ON igny8_author_profiles (account_id)
    WHERE is_default AND deleted_at IS NULL;
CREATE INDEX igny8_author_profiles_deleted_at_idx ON igny8_author_profiles (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_author_profiles');
CALL app.open_to_system('igny8_author_profiles', readable => '{account_id,id,deleted_at}');

CREATE TABLE igny8_strategies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    audience text NOT NULL,
    goal text NOT NULL,
    notes text NOT NULL,
    structures text[] NOT NULL DEFAULT '{}',
    avoid text[] NOT NULL DEFAULT '{}',
    word_count integer,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_strategies_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_strategies_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_strategies_word_count_check CHECK (word_count BETWEEN 300 AND 10000)
);
CREATE UNIQUE INDEX igny8_strategies_account_id_sector_id_key ON igny8_strategies (account_id, sector_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_strategies_deleted_at_idx ON igny8_strategies (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_strategies', site_column => 'site_id');
CALL app.open_to_system('igny8_strategies', readable => '{account_id,id,deleted_at}');

CREATE TABLE igny8_ai_request_logs (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    action text NOT NULL,
    site_id uuid,
    provider text NOT NULL,
    model text NOT NULL,
    tier text NOT NULL,
    prompt_version text,
    tokens_in bigint NOT NULL,
    tokens_out bigint NOT NULL,
    cost_microusd bigint NOT NULL,
    latency_ms bigint NOT NULL,
    outcome text NOT NULL,
    error_code text,
    error_message text,
    request_excerpt text NOT NULL,
    response_excerpt text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_ai_request_logs_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_ai_request_logs_action_check CHECK (action IN ('clustering', 'ideas', 'content', 'image_prompts', 'image')),
    CONSTRAINT igny8_ai_request_logs_outcome_check CHECK (outcome IN ('succeeded', 'failed', 'postponed'))
);
CREATE INDEX igny8_ai_request_logs_account_id_job_id_idx ON igny8_ai_request_logs (account_id, job_id);
CREATE INDEX igny8_ai_request_logs_created_at_idx ON igny8_ai_request_logs (created_at);
-- Bound to the account only: it is read by admins, who see all sites.
CALL app.secure('igny8_ai_request_logs');
CALL app.open_to_system('igny8_ai_request_logs', readable => '{account_id,id,created_at}');

-- What the system role erases, and never early.
GRANT DELETE ON igny8_author_profiles, igny8_strategies, igny8_ai_request_logs TO igny8_ai_processor_system;
CREATE POLICY grace ON igny8_author_profiles AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system
    USING (deleted_at < now() - interval '30 days');
CREATE POLICY grace ON igny8_strategies AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system
    USING (deleted_at < now() - interval '30 days');
CREATE POLICY grace ON igny8_ai_request_logs AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system
    USING (created_at < now() - interval '30 days');

-- Accounts that have ended here. A row outlives all others of its account: it is what lets the system role erase the log.
CREATE TABLE igny8_ended_accounts (
    account_id uuid NOT NULL,
    ended_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_ended_accounts_pkey PRIMARY KEY (account_id)
);
CALL app.secure('igny8_ended_accounts');
CALL app.open_to_system('igny8_ended_accounts', readable => '{account_id}');
REVOKE UPDATE, DELETE ON igny8_ended_accounts FROM igny8_ai_processor;

CALL app.open_to_system('igny8_audit_log', readable => '{account_id}');
GRANT DELETE ON igny8_audit_log TO igny8_ai_processor_system;
CREATE POLICY grace ON igny8_audit_log AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system
    USING (account_id IN (SELECT account_id FROM igny8_ended_accounts));
