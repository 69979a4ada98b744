-- What is published, and who is told of it.

CREATE TABLE igny8_publications (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    -- The writer's.
    content_id uuid NOT NULL,
    -- The planner's.
    cluster_id uuid,
    title text NOT NULL,
    primary_keyword text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'new',
    -- Nothing is left to do where it is null.
    work text,
    -- Of an update: also over what was changed on the site.
    overwrite boolean NOT NULL DEFAULT false,
    -- Since when the work could be done.
    work_since timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- Who works on it. An expired lease is taken over; until then its holder is the only one on this connection.
    lease_id uuid,
    lease_until timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    scheduled_for timestamptz,
    -- When the site was last asked to make the draft. Set before the request is sent: what became of it may be unknown.
    create_sent_at timestamptz,
    -- How often drafts that such a request may have left are still looked for.
    tidy_left smallint NOT NULL DEFAULT 0,
    -- The post on the site. Written once: nothing else is ever published.
    remote_id bigint,
    url text,
    published_at timestamptz,
    published_revision bigint,
    content_revision bigint NOT NULL,
    -- The page as the site answered it when it was last written.
    written jsonb,
    refused jsonb NOT NULL DEFAULT '[]',
    drift jsonb NOT NULL DEFAULT '[]',
    checked_at timestamptz,
    reason text,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_publications_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_publications_connection_id_fkey FOREIGN KEY (account_id, site_id, connection_id)
        REFERENCES igny8_connections (account_id, site_id, id),
    -- An article has one page on a site, whatever becomes of it.
    CONSTRAINT igny8_publications_account_id_connection_id_content_id_key UNIQUE (account_id, connection_id, content_id),
    CONSTRAINT igny8_publications_state_check CHECK
        (state IN ('new', 'scheduled', 'creating', 'drafted', 'published', 'drifted', 'unpublished', 'failed', 'cancelled')),
    CONSTRAINT igny8_publications_work_check CHECK (work IN ('publish', 'update', 'unpublish', 'tidy')),
    CONSTRAINT igny8_publications_lease_id_check CHECK ((lease_id IS NULL) = (lease_until IS NULL) AND (lease_id IS NULL OR work IS NOT NULL))
);
-- One writer for each site.
CREATE UNIQUE INDEX igny8_publications_account_id_connection_id_key ON igny8_publications (account_id, connection_id)
    WHERE lease_id IS NOT NULL;
CREATE INDEX igny8_publications_due_at_idx ON igny8_publications (due_at) WHERE work IS NOT NULL;
CREATE INDEX igny8_publications_account_id_site_id_published_at_idx ON igny8_publications (account_id, site_id, published_at);
CREATE INDEX igny8_publications_account_id_content_id_idx ON igny8_publications (account_id, content_id);
CALL app.secure('igny8_publications', site_column => 'site_id');
CALL app.open_to_system('igny8_publications',
    readable => '{account_id,id,connection_id,work,due_at,lease_id,lease_until,attempts}',
    writable => '{lease_id,lease_until,attempts}');

-- Pictures that a site has already, by their content.
CREATE TABLE igny8_site_media (
    account_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    site_id uuid NOT NULL,
    remote_id bigint NOT NULL,
    url text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_site_media_pkey PRIMARY KEY (account_id, connection_id, sha256),
    CONSTRAINT igny8_site_media_connection_id_fkey FOREIGN KEY (account_id, site_id, connection_id)
        REFERENCES igny8_connections (account_id, site_id, id) ON DELETE CASCADE
);
CALL app.secure('igny8_site_media', site_column => 'site_id');

-- Whom to tell. Only those who administer the whole account see them, so that they are bound to no site.
CREATE TABLE igny8_webhooks (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    -- All sites where it is null.
    site_id uuid,
    url text NOT NULL,
    -- Sealed.
    secret text NOT NULL,
    events text[] NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_webhooks_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_webhooks_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id)
);
CALL app.secure('igny8_webhooks');

CREATE TABLE igny8_webhook_deliveries (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event text NOT NULL,
    -- What is sent, to the letter: each attempt is the same.
    body text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    attempts smallint NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    response_status integer,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    CONSTRAINT igny8_webhook_deliveries_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_webhook_deliveries_webhook_id_fkey FOREIGN KEY (account_id, webhook_id)
        REFERENCES igny8_webhooks (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_webhook_deliveries_event_check CHECK
        (event IN ('ping', 'publication_scheduled', 'publication_published', 'publication_drifted', 'publication_unpublished',
                   'publication_failed')),
    CONSTRAINT igny8_webhook_deliveries_state_check CHECK (state IN ('pending', 'delivered', 'failed'))
);
CREATE INDEX igny8_webhook_deliveries_account_id_webhook_id_idx ON igny8_webhook_deliveries (account_id, webhook_id, id DESC);
CREATE INDEX igny8_webhook_deliveries_next_at_idx ON igny8_webhook_deliveries (next_at) WHERE state = 'pending';
CREATE INDEX igny8_webhook_deliveries_created_at_idx ON igny8_webhook_deliveries (created_at);
CALL app.secure('igny8_webhook_deliveries');
CALL app.open_to_system('igny8_webhook_deliveries', readable => '{account_id,id,state,attempts,next_at,created_at}',
    writable => '{attempts,next_at}');
GRANT DELETE ON igny8_webhook_deliveries TO igny8_publisher_system;
CREATE POLICY grace ON igny8_webhook_deliveries AS RESTRICTIVE FOR DELETE TO igny8_publisher_system
    USING (created_at < now() - interval '30 days');
