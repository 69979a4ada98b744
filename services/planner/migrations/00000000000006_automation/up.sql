-- Runs that take the keywords of a site through all stages, what they work on, and the schedules that start them.

-- Whether what a run has finished may be published without a person.
ALTER TABLE igny8_site_copies ADD COLUMN auto_publish boolean NOT NULL DEFAULT false;

CREATE TABLE igny8_automation_runs (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'running',
    reason text,
    message text NOT NULL DEFAULT '',
    credit_limit bigint NOT NULL,
    item_limit integer NOT NULL,
    publish boolean NOT NULL,
    scheduled boolean NOT NULL,
    -- In whose name it works.
    user_id uuid,
    api_key_id uuid,
    -- When the driver looks at it next, and until when one is believed to be at it.
    next_at timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT igny8_automation_runs_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_automation_runs_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id),
    CONSTRAINT igny8_automation_runs_state_check CHECK (state IN ('running', 'paused', 'done', 'cancelled')),
    CONSTRAINT igny8_automation_runs_finished_at_check CHECK ((state IN ('done', 'cancelled')) = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX igny8_automation_runs_open_key ON igny8_automation_runs (account_id, site_id) WHERE state IN ('running', 'paused');
CREATE INDEX igny8_automation_runs_account_id_site_id_idx ON igny8_automation_runs (account_id, site_id, id);
CREATE INDEX igny8_automation_runs_next_at_idx ON igny8_automation_runs (next_at) WHERE state = 'running';
CALL app.secure('igny8_automation_runs', site_column => 'site_id');
CALL app.open_to_system('igny8_automation_runs', readable => '{account_id,id,state,next_at,lease_until}',
    writable => '{next_at,lease_until}');

-- A sector to cluster, or an article from its cluster to its page.
CREATE TABLE igny8_automation_items (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    run_id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    stage text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    title text NOT NULL,
    cluster_id uuid,
    content_idea_id uuid,
    task_id uuid,
    content_id uuid,
    publication_id uuid,
    -- Whether the writer says that every image is there.
    images_ready boolean NOT NULL DEFAULT false,
    -- The AI job of the present stage. Its id follows from the item, the stage and the attempt, so that a crash starts nothing twice.
    job_id uuid,
    attempt integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    reason text,
    message text NOT NULL DEFAULT '',
    next_at timestamptz NOT NULL DEFAULT now(),
    -- When the present stage began.
    stage_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_automation_items_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_automation_items_run_id_fkey FOREIGN KEY (account_id, run_id)
        REFERENCES igny8_automation_runs (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_automation_items_stage_check CHECK (stage IN ('cluster', 'idea', 'task', 'content', 'images', 'publish')),
    CONSTRAINT igny8_automation_items_state_check CHECK (state IN ('pending', 'running', 'done', 'skipped', 'failed', 'cancelled'))
);
CREATE UNIQUE INDEX igny8_automation_items_account_id_run_id_cluster_id_key
    ON igny8_automation_items (account_id, run_id, cluster_id) WHERE cluster_id IS NOT NULL;
CREATE INDEX igny8_automation_items_account_id_run_id_idx ON igny8_automation_items (account_id, run_id, id);
CREATE INDEX igny8_automation_items_account_id_content_idea_id_idx ON igny8_automation_items (account_id, content_idea_id)
    WHERE state IN ('pending', 'running');
CREATE INDEX igny8_automation_items_account_id_task_id_idx ON igny8_automation_items (account_id, task_id)
    WHERE state IN ('pending', 'running');
CREATE INDEX igny8_automation_items_account_id_content_id_idx ON igny8_automation_items (account_id, content_id)
    WHERE state IN ('pending', 'running');
CREATE INDEX igny8_automation_items_account_id_job_id_idx ON igny8_automation_items (account_id, job_id)
    WHERE state IN ('pending', 'running');
CALL app.secure('igny8_automation_items', site_column => 'site_id');

-- The AI jobs of a run, with what was held for each and then taken: what its budget is reckoned by.
CREATE TABLE igny8_automation_jobs (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    run_id uuid NOT NULL,
    item_id uuid NOT NULL,
    stage text NOT NULL,
    credits bigint NOT NULL DEFAULT 0,
    CONSTRAINT igny8_automation_jobs_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_automation_jobs_item_id_fkey FOREIGN KEY (account_id, item_id)
        REFERENCES igny8_automation_items (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_automation_jobs_credits_check CHECK (credits >= 0)
);
CREATE INDEX igny8_automation_jobs_account_id_run_id_idx ON igny8_automation_jobs (account_id, run_id);
CREATE INDEX igny8_automation_jobs_account_id_item_id_idx ON igny8_automation_jobs (account_id, item_id);
CALL app.secure('igny8_automation_jobs', site_column => 'site_id');

CREATE TABLE igny8_automation_schedules (
    account_id uuid NOT NULL,
    site_id uuid NOT NULL,
    every text NOT NULL,
    -- 1 Monday to 7 Sunday.
    weekday integer,
    -- In the site's time zone.
    hour integer NOT NULL,
    minute integer NOT NULL,
    credit_limit bigint NOT NULL,
    item_limit integer NOT NULL,
    publish boolean NOT NULL,
    active boolean NOT NULL,
    next_at timestamptz,
    last_run_id uuid,
    user_id uuid,
    api_key_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_automation_schedules_pkey PRIMARY KEY (account_id, site_id),
    CONSTRAINT igny8_automation_schedules_site_id_fkey FOREIGN KEY (account_id, site_id)
        REFERENCES igny8_site_copies (account_id, id),
    CONSTRAINT igny8_automation_schedules_every_check CHECK (every IN ('day', 'week')),
    CONSTRAINT igny8_automation_schedules_weekday_check CHECK
        ((every = 'week') = (weekday IS NOT NULL) AND weekday BETWEEN 1 AND 7),
    CONSTRAINT igny8_automation_schedules_next_at_check CHECK (active = (next_at IS NOT NULL))
);
CREATE INDEX igny8_automation_schedules_next_at_idx ON igny8_automation_schedules (next_at) WHERE active;
CALL app.secure('igny8_automation_schedules', site_column => 'site_id');
CALL app.open_to_system('igny8_automation_schedules', readable => '{account_id,site_id,active,next_at}', writable => '{next_at}');
