-- Tasks and articles, on copies of the sites and sectors that they belong to.

-- What this service knows of auth's sites, by its events. Ids are auth's.
CREATE TABLE igny8_site_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    -- An older copy never replaces a newer one.
    version bigint NOT NULL,
    name text NOT NULL,
    language text NOT NULL,
    facts text NOT NULL,
    colours text[] NOT NULL DEFAULT '{}',
    active boolean NOT NULL,
    -- Whether automation may approve and publish.
    auto_publish boolean NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT igny8_site_copies_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_site_copies', site_column => 'id');

CREATE TABLE igny8_sector_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT igny8_sector_copies_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_sector_copies_account_id_site_id_id_key UNIQUE (account_id, site_id, id),
    CONSTRAINT igny8_sector_copies_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id)
);
CALL app.secure('igny8_sector_copies', site_column => 'site_id');

CREATE TABLE igny8_tasks (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    -- planner's. An idea becomes one task, however often it is told of.
    content_idea_id uuid,
    -- planner's, with the name that it had then.
    cluster_id uuid,
    cluster_name text NOT NULL DEFAULT '',
    title text NOT NULL,
    description text NOT NULL,
    content_type text NOT NULL,
    structure text NOT NULL,
    primary_keyword text NOT NULL,
    secondary_keywords text[] NOT NULL DEFAULT '{}',
    keyword_ids uuid[] NOT NULL DEFAULT '{}',
    outline text[] NOT NULL DEFAULT '{}',
    word_count integer NOT NULL,
    -- ai-processor's.
    author_profile_id uuid,
    due_at timestamptz,
    status text NOT NULL DEFAULT 'queued',
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_tasks_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_tasks_account_id_content_idea_id_key UNIQUE (account_id, content_idea_id),
    CONSTRAINT igny8_tasks_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id),
    CONSTRAINT igny8_tasks_content_type_check CHECK (content_type IN ('article', 'landing_page', 'category_page', 'product_page')),
    CONSTRAINT igny8_tasks_structure_check CHECK
        (structure IN ('definition', 'how_to', 'guide', 'list', 'comparison', 'buying_guide', 'review', 'cost', 'troubleshooting',
                       'checklist', 'faq', 'local', 'offer', 'case_study')),
    CONSTRAINT igny8_tasks_word_count_check CHECK (word_count > 0),
    CONSTRAINT igny8_tasks_status_check CHECK (status IN ('queued', 'writing', 'written', 'archived'))
);
CREATE INDEX igny8_tasks_account_id_id_idx ON igny8_tasks (account_id, id DESC) INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_tasks_account_id_site_id_idx ON igny8_tasks (account_id, site_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_tasks_account_id_sector_id_idx ON igny8_tasks (account_id, sector_id, id);
CREATE INDEX igny8_tasks_account_id_cluster_id_idx ON igny8_tasks (account_id, cluster_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX igny8_tasks_deleted_at_idx ON igny8_tasks (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_tasks', site_column => 'site_id');
CALL app.open_to_system('igny8_tasks', readable => '{account_id,id,deleted_at}');

-- Articles as they are now. Each change also appends a revision.
CREATE TABLE igny8_content (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    task_id uuid,
    content_idea_id uuid,
    cluster_id uuid,
    cluster_name text NOT NULL DEFAULT '',
    title text NOT NULL,
    meta_title text NOT NULL,
    meta_description text NOT NULL,
    slug text NOT NULL,
    excerpt text NOT NULL,
    -- Cleaned by libs/html. Images are named by `igny8-image:<id>`.
    html text NOT NULL,
    primary_keyword text NOT NULL,
    secondary_keywords text[] NOT NULL DEFAULT '{}',
    tags text[] NOT NULL DEFAULT '{}',
    categories text[] NOT NULL DEFAULT '{}',
    word_count integer NOT NULL,
    claims text[] NOT NULL DEFAULT '{}',
    built_in_draft boolean NOT NULL DEFAULT false,
    status text NOT NULL DEFAULT 'draft',
    review_note text,
    revision bigint NOT NULL DEFAULT 1,
    url text,
    scheduled_for timestamptz,
    published_at timestamptz,
    publish_error text,
    -- The newest of publisher's events that was heard: an older one changes nothing.
    publication_changed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_content_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_content_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id),
    CONSTRAINT igny8_content_task_id_fkey FOREIGN KEY (account_id, task_id)
        REFERENCES igny8_tasks (account_id, id) ON DELETE SET NULL (task_id),
    CONSTRAINT igny8_content_status_check CHECK
        (status IN ('draft', 'review', 'approved', 'scheduled', 'published', 'unpublished')),
    CONSTRAINT igny8_content_revision_check CHECK (revision > 0)
);
CREATE UNIQUE INDEX igny8_content_account_id_task_id_key ON igny8_content (account_id, task_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_content_account_id_id_idx ON igny8_content (account_id, id DESC) INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_content_account_id_site_id_idx ON igny8_content (account_id, site_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_content_account_id_sector_id_idx ON igny8_content (account_id, sector_id, id);
CREATE INDEX igny8_content_account_id_task_id_idx ON igny8_content (account_id, task_id) WHERE task_id IS NOT NULL;
CREATE INDEX igny8_content_account_id_cluster_id_idx ON igny8_content (account_id, cluster_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX igny8_content_deleted_at_idx ON igny8_content (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_content', site_column => 'site_id');
CALL app.open_to_system('igny8_content', readable => '{account_id,id,deleted_at}');
GRANT DELETE ON igny8_tasks, igny8_content TO igny8_writer_system;
CREATE POLICY grace ON igny8_tasks AS RESTRICTIVE FOR DELETE TO igny8_writer_system USING (deleted_at < now() - interval '30 days');
CREATE POLICY grace ON igny8_content AS RESTRICTIVE FOR DELETE TO igny8_writer_system USING (deleted_at < now() - interval '30 days');

-- What an article was at each of its revisions, who made it and why.
CREATE TABLE igny8_content_revisions (
    account_id uuid NOT NULL,
    content_id uuid NOT NULL,
    number bigint NOT NULL,
    site_id uuid NOT NULL,
    change_reason text NOT NULL,
    user_id uuid,
    api_key_id uuid,
    -- Of the job that wrote it: WorkReceipt as JSON.
    receipt jsonb,
    title text NOT NULL,
    meta_title text NOT NULL,
    meta_description text NOT NULL,
    slug text NOT NULL,
    excerpt text NOT NULL,
    html text NOT NULL,
    primary_keyword text NOT NULL,
    secondary_keywords text[] NOT NULL,
    tags text[] NOT NULL,
    categories text[] NOT NULL,
    word_count integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_content_revisions_pkey PRIMARY KEY (account_id, content_id, number),
    CONSTRAINT igny8_content_revisions_content_id_fkey FOREIGN KEY (account_id, content_id)
        REFERENCES igny8_content (account_id, id) ON DELETE CASCADE
);
CALL app.secure('igny8_content_revisions', site_column => 'site_id');
