-- Imports of keywords from files, and the rows of them that cannot be imported.

-- Exact beats estimate beats impressions beats nothing.
CREATE FUNCTION app.volume_rank(volume bigint, quality text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN volume IS NULL THEN 0 WHEN quality = 'impressions' THEN 1 WHEN quality = 'estimate' THEN 2 ELSE 3 END
$$;

CREATE TABLE igny8_keyword_imports (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'reading',
    file_name text NOT NULL,
    format text,
    encoding text NOT NULL DEFAULT '',
    delimiter text NOT NULL DEFAULT '',
    country text NOT NULL DEFAULT '',
    fields jsonb NOT NULL DEFAULT '[]',
    preview jsonb NOT NULL DEFAULT '[]',
    warnings text[] NOT NULL DEFAULT '{}',
    row_count bigint NOT NULL DEFAULT 0,
    keyword_count bigint NOT NULL DEFAULT 0,
    joined_count bigint NOT NULL DEFAULT 0,
    rejected_count bigint NOT NULL DEFAULT 0,
    new_count bigint NOT NULL DEFAULT 0,
    duplicate_count bigint NOT NULL DEFAULT 0,
    updated_count bigint NOT NULL DEFAULT 0,
    duplicates text,
    percent smallint NOT NULL DEFAULT 0,
    reason text,
    message text NOT NULL DEFAULT '',
    -- Who works on it, and until when that is believed: after that another process takes it over.
    lease_id uuid,
    lease_until timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT igny8_keyword_imports_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_keyword_imports_state_check
        CHECK (state IN ('reading', 'previewed', 'pending', 'running', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT igny8_keyword_imports_format_check
        CHECK (format IN ('google_keyword_planner', 'semrush_keyword_magic', 'semrush_strategy_builder', 'semrush_api',
                          'semrush_positions', 'ahrefs_keywords_explorer', 'ahrefs_site_explorer', 'search_console', 'moz',
                          'ubersuggest', 'search_results', 'igny8', 'table', 'list')),
    CONSTRAINT igny8_keyword_imports_duplicates_check CHECK (duplicates IN ('keep', 'update', 'skip')),
    CONSTRAINT igny8_keyword_imports_finished_at_check
        CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE INDEX igny8_keyword_imports_account_id_site_id_id_idx ON igny8_keyword_imports (account_id, site_id, id);
CREATE INDEX igny8_keyword_imports_lease_until_idx ON igny8_keyword_imports (lease_until) WHERE state IN ('pending', 'running');
CREATE INDEX igny8_keyword_imports_unfinished_idx ON igny8_keyword_imports (updated_at) WHERE state IN ('reading', 'previewed');
CALL app.secure('igny8_keyword_imports', site_column => 'site_id');
CALL app.open_to_system('igny8_keyword_imports', readable => '{account_id,id,state,lease_id,lease_until,attempts,updated_at}',
    writable => '{state,lease_id,lease_until,attempts}');

CREATE TABLE igny8_keyword_import_rejects (
    account_id uuid NOT NULL,
    import_id uuid NOT NULL,
    -- Their order in the file; of two sheets, both have a row 17.
    position bigint NOT NULL,
    site_id uuid NOT NULL,
    row_number bigint NOT NULL,
    part text NOT NULL,
    column_name text NOT NULL,
    value text NOT NULL,
    reason text NOT NULL,
    fix text NOT NULL,
    CONSTRAINT igny8_keyword_import_rejects_pkey PRIMARY KEY (account_id, import_id, position),
    CONSTRAINT igny8_keyword_import_rejects_import_id_fkey FOREIGN KEY (account_id, import_id)
        REFERENCES igny8_keyword_imports (account_id, id) ON DELETE CASCADE
);
CALL app.secure('igny8_keyword_import_rejects', site_column => 'site_id');
