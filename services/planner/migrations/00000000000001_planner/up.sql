-- Keywords and clusters, on copies of the sites and sectors that they belong to.
--
-- Keywords of an account may be millions. What a list needs is laid out for that: an index for each order that a list can have, and counts
-- that are summed from deltas and not counted.

-- What this service knows of auth's sites, by its events. Ids are auth's.
CREATE TABLE igny8_site_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    -- An older copy never replaces a newer one.
    version bigint NOT NULL,
    name text NOT NULL,
    domain text NOT NULL,
    time_zone text NOT NULL,
    language text NOT NULL,
    country text NOT NULL,
    facts text NOT NULL,
    active boolean NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT igny8_site_copies_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_site_copies', site_column => 'id');

CREATE TABLE igny8_sector_copies (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT igny8_sector_copies_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_sector_copies_account_id_site_id_id_key UNIQUE (account_id, site_id, id),
    CONSTRAINT igny8_sector_copies_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id)
);
CALL app.secure('igny8_sector_copies', site_column => 'site_id');

CREATE TABLE igny8_clusters (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    name text NOT NULL,
    topic text NOT NULL DEFAULT '',
    description text NOT NULL DEFAULT '',
    intents text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'new',
    keyword_count bigint NOT NULL DEFAULT 0,
    -- Monthly searches of its keywords together.
    volume bigint NOT NULL DEFAULT 0,
    -- Made or renamed by hand: a run keeps its name.
    manual boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_clusters_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_clusters_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id),
    CONSTRAINT igny8_clusters_status_check CHECK (status IN ('new', 'mapped', 'archived'))
);
CREATE INDEX igny8_clusters_account_id_sector_id_id_idx ON igny8_clusters (account_id, sector_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_clusters_account_id_volume_idx ON igny8_clusters (account_id, volume DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX igny8_clusters_account_id_deleted_at_idx ON igny8_clusters (account_id, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX igny8_clusters_deleted_at_idx ON igny8_clusters (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_clusters', site_column => 'site_id');
CALL app.open_to_system('igny8_clusters', readable => '{account_id,id,deleted_at}');

CREATE TABLE igny8_keywords (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    keyword text NOT NULL,
    -- What two spellings of a keyword have in common, by `clustering::normalise`.
    normalised text NOT NULL,
    -- Empty: anywhere.
    country text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT '',
    volume bigint,
    volume_quality text,
    difficulty smallint,
    cpc_micros bigint,
    competition double precision,
    trend double precision[] NOT NULL DEFAULT '{}',
    intent text,
    intents text[] NOT NULL DEFAULT '{}',
    status text NOT NULL DEFAULT 'new',
    cluster_id uuid,
    cluster_confidence real,
    cluster_evidence text,
    -- Moved by hand.
    pinned boolean NOT NULL DEFAULT false,
    source text NOT NULL DEFAULT 'manual',
    serp_urls text[] NOT NULL DEFAULT '{}',
    page text,
    topic text,
    parent_keyword text,
    tags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_keywords_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_keywords_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id),
    CONSTRAINT igny8_keywords_cluster_id_fkey FOREIGN KEY (account_id, cluster_id) REFERENCES igny8_clusters (account_id, id),
    -- An entry of an index takes 2.7 kB.
    CONSTRAINT igny8_keywords_normalised_check CHECK (octet_length(normalised) BETWEEN 1 AND 2000),
    CONSTRAINT igny8_keywords_country_check CHECK (country = '' OR country ~ '^[A-Z]{2}$'),
    CONSTRAINT igny8_keywords_volume_check CHECK (volume >= 0),
    CONSTRAINT igny8_keywords_volume_quality_check CHECK (volume_quality IN ('exact', 'estimate', 'impressions')),
    CONSTRAINT igny8_keywords_difficulty_check CHECK (difficulty BETWEEN 0 AND 100),
    CONSTRAINT igny8_keywords_cpc_micros_check CHECK (cpc_micros >= 0),
    CONSTRAINT igny8_keywords_intent_check CHECK (intent IN ('informational', 'commercial', 'transactional', 'navigational')),
    CONSTRAINT igny8_keywords_status_check CHECK (status IN ('new', 'clustered', 'mapped', 'archived'))
);
CREATE UNIQUE INDEX igny8_keywords_account_id_sector_id_normalised_country_key
    ON igny8_keywords (account_id, sector_id, normalised, country) WHERE deleted_at IS NULL;
-- The orders of a list. Ids rise with time, so that the newest come first by id.
CREATE INDEX igny8_keywords_account_id_id_idx ON igny8_keywords (account_id, id DESC) INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_sector_id_id_idx ON igny8_keywords (account_id, sector_id, id DESC) INCLUDE (site_id)
    WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_volume_id_idx ON igny8_keywords (account_id, volume DESC NULLS LAST, id DESC)
    INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_sector_id_volume_id_idx
    ON igny8_keywords (account_id, sector_id, volume DESC NULLS LAST, id DESC) INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_difficulty_id_idx ON igny8_keywords (account_id, difficulty DESC NULLS LAST, id DESC)
    INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_cpc_micros_id_idx ON igny8_keywords (account_id, cpc_micros DESC NULLS LAST, id DESC)
    INCLUDE (site_id) WHERE deleted_at IS NULL;
-- Also searched from end to end, which is why it is narrow and holds what the policy asks for.
CREATE INDEX igny8_keywords_account_id_normalised_id_idx ON igny8_keywords (account_id, normalised DESC, id DESC)
    INCLUDE (site_id, sector_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_status_id_idx ON igny8_keywords (account_id, status DESC, id DESC)
    INCLUDE (site_id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_cluster_id_idx ON igny8_keywords (account_id, cluster_id, id DESC)
    WHERE cluster_id IS NOT NULL;
CREATE INDEX igny8_keywords_tags_idx ON igny8_keywords (account_id, id DESC) WHERE tags <> '{}' AND deleted_at IS NULL;
CREATE INDEX igny8_keywords_account_id_deleted_at_idx ON igny8_keywords (account_id, deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX igny8_keywords_deleted_at_idx ON igny8_keywords (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_keywords', site_column => 'site_id');
CALL app.open_to_system('igny8_keywords', readable => '{account_id,id,deleted_at,cluster_id}');
GRANT DELETE ON igny8_keywords, igny8_clusters TO igny8_planner_system;
CREATE POLICY grace ON igny8_keywords AS RESTRICTIVE FOR DELETE TO igny8_planner_system USING (deleted_at < now() - interval '30 days');
CREATE POLICY grace ON igny8_clusters AS RESTRICTIVE FOR DELETE TO igny8_planner_system USING (deleted_at < now() - interval '30 days');

-- How many keywords there are. Each statement that changes keywords appends what it changed; a count is the sum of an account's rows. From
-- time to time they are folded into one for each key. Nobody waits for anybody, and a count is as true as the rows that the same
-- transaction sees.
CREATE TABLE igny8_keyword_counts (
    account_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    status text NOT NULL,
    -- Empty where it is not known.
    intent text NOT NULL,
    clustered boolean NOT NULL,
    keywords bigint NOT NULL,
    volume bigint NOT NULL,
    folded boolean NOT NULL DEFAULT false,
    CONSTRAINT igny8_keyword_counts_pkey PRIMARY KEY (account_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX igny8_keyword_counts_folded_idx ON igny8_keyword_counts (account_id) WHERE NOT folded;
CALL app.secure('igny8_keyword_counts', site_column => 'site_id');
CALL app.open_to_system('igny8_keyword_counts',
    readable => '{account_id,id,site_id,sector_id,status,intent,clustered,keywords,volume,folded}');
GRANT INSERT, DELETE ON igny8_keyword_counts TO igny8_planner_system;

CREATE FUNCTION app.count_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO igny8_keyword_counts (account_id, site_id, sector_id, status, intent, clustered, keywords, volume)
        SELECT account_id, site_id, sector_id, status, coalesce(intent, ''), cluster_id IS NOT NULL, count(*), coalesce(sum(volume), 0)
        FROM new_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO igny8_keyword_counts (account_id, site_id, sector_id, status, intent, clustered, keywords, volume)
        SELECT account_id, site_id, sector_id, status, intent, clustered, sum(keywords), sum(volume) FROM (
            SELECT account_id, site_id, sector_id, status, coalesce(intent, '') AS intent, cluster_id IS NOT NULL AS clustered,
                count(*) AS keywords, coalesce(sum(volume), 0) AS volume
            FROM new_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6
            UNION ALL
            SELECT account_id, site_id, sector_id, status, coalesce(intent, ''), cluster_id IS NOT NULL, -count(*), -coalesce(sum(volume), 0)
            FROM old_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6
        ) changes
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(keywords) <> 0 OR sum(volume) <> 0;
    ELSIF EXISTS (SELECT FROM old_keywords WHERE deleted_at IS NULL) THEN
        INSERT INTO igny8_keyword_counts (account_id, site_id, sector_id, status, intent, clustered, keywords, volume)
        SELECT account_id, site_id, sector_id, status, coalesce(intent, ''), cluster_id IS NOT NULL, -count(*), -coalesce(sum(volume), 0)
        FROM old_keywords WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4, 5, 6;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER igny8_keywords_inserted AFTER INSERT ON igny8_keywords REFERENCING NEW TABLE AS new_keywords
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_keywords();
CREATE TRIGGER igny8_keywords_updated AFTER UPDATE ON igny8_keywords REFERENCING NEW TABLE AS new_keywords OLD TABLE AS old_keywords
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_keywords();
CREATE TRIGGER igny8_keywords_deleted AFTER DELETE ON igny8_keywords REFERENCING OLD TABLE AS old_keywords
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_keywords();
