-- What clusters and content ideas need beside the tables that keywords share with them.

-- The keywords of a cluster are counted by whoever changes them, in the same statement. New keywords have no cluster, and only keywords
-- that were deleted before are erased: both count nothing. Clusters are locked in the order of their ids, so that two statements that
-- change the same ones do not wait for each other. The changes are kept in arrays: joins of transition tables are planned as if these
-- had a few rows, and take minutes for a sector.
CREATE FUNCTION app.count_cluster_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    accounts uuid[];
    clusters uuid[];
    keywords bigint[];
    volumes bigint[];
BEGIN
    SELECT array_agg(account_id), array_agg(cluster_id), array_agg(change), array_agg(volume)
    INTO accounts, clusters, keywords, volumes
    FROM (
        SELECT account_id, cluster_id, sum(change)::bigint AS change, sum(volume)::bigint AS volume FROM (
            SELECT account_id, cluster_id, 1 AS change, coalesce(volume, 0) AS volume
            FROM new_keywords WHERE deleted_at IS NULL AND cluster_id IS NOT NULL
            UNION ALL
            SELECT account_id, cluster_id, -1, -coalesce(volume, 0)
            FROM old_keywords WHERE deleted_at IS NULL AND cluster_id IS NOT NULL
        ) moved
        GROUP BY 1, 2 HAVING sum(change) <> 0 OR sum(volume) <> 0
    ) changed;
    IF clusters IS NOT NULL THEN
        PERFORM FROM igny8_clusters c JOIN unnest(accounts, clusters) u (account_id, id) ON u.account_id = c.account_id AND u.id = c.id
        ORDER BY c.id FOR UPDATE OF c;
        UPDATE igny8_clusters c SET keyword_count = c.keyword_count + u.keywords, volume = c.volume + u.volume
        FROM unnest(accounts, clusters, keywords, volumes) u (account_id, id, keywords, volume)
        WHERE c.account_id = u.account_id AND c.id = u.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER igny8_keywords_cluster_counts AFTER UPDATE ON igny8_keywords
    REFERENCING NEW TABLE AS new_keywords OLD TABLE AS old_keywords
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_cluster_keywords();

-- Where a person took a keyword from: the next run keeps it apart from there.
CREATE TABLE igny8_keyword_moves (
    account_id uuid NOT NULL,
    keyword_id uuid NOT NULL,
    site_id uuid NOT NULL,
    from_cluster_id uuid NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_keyword_moves_pkey PRIMARY KEY (account_id, keyword_id),
    CONSTRAINT igny8_keyword_moves_keyword_id_fkey FOREIGN KEY (account_id, keyword_id)
        REFERENCES igny8_keywords (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_keyword_moves_from_cluster_id_fkey FOREIGN KEY (account_id, from_cluster_id)
        REFERENCES igny8_clusters (account_id, id) ON DELETE CASCADE
);
CREATE INDEX igny8_keyword_moves_account_id_from_cluster_id_idx ON igny8_keyword_moves (account_id, from_cluster_id);
CALL app.secure('igny8_keyword_moves', site_column => 'site_id');

-- The keywords that a deleted cluster had: they go back when the deletion is taken back.
CREATE TABLE igny8_deleted_cluster_keywords (
    account_id uuid NOT NULL,
    cluster_id uuid NOT NULL,
    keyword_id uuid NOT NULL,
    site_id uuid NOT NULL,
    status text NOT NULL,
    confidence real,
    evidence text,
    pinned boolean NOT NULL,
    CONSTRAINT igny8_deleted_cluster_keywords_pkey PRIMARY KEY (account_id, cluster_id, keyword_id),
    CONSTRAINT igny8_deleted_cluster_keywords_cluster_id_fkey FOREIGN KEY (account_id, cluster_id)
        REFERENCES igny8_clusters (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_deleted_cluster_keywords_keyword_id_fkey FOREIGN KEY (account_id, keyword_id)
        REFERENCES igny8_keywords (account_id, id) ON DELETE CASCADE
);
CREATE INDEX igny8_deleted_cluster_keywords_account_id_keyword_id_idx ON igny8_deleted_cluster_keywords (account_id, keyword_id);
CALL app.secure('igny8_deleted_cluster_keywords', site_column => 'site_id');

-- The hierarchy of the last clustering of a whole sector: another threshold is another cut of it.
CREATE TABLE igny8_cluster_trees (
    account_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    site_id uuid NOT NULL,
    tree bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_cluster_trees_pkey PRIMARY KEY (account_id, sector_id),
    CONSTRAINT igny8_cluster_trees_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id)
);
ALTER TABLE igny8_cluster_trees ALTER COLUMN tree SET STORAGE EXTERNAL;
CALL app.secure('igny8_cluster_trees', site_column => 'site_id');

CREATE TABLE igny8_content_ideas (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    cluster_id uuid,
    -- The task that derived it.
    request_id uuid,
    title text NOT NULL,
    description text NOT NULL,
    content_type text NOT NULL,
    structure text NOT NULL,
    primary_keyword text NOT NULL,
    keyword_ids uuid[] NOT NULL DEFAULT '{}',
    outline text[] NOT NULL DEFAULT '{}',
    word_count integer NOT NULL,
    status text NOT NULL DEFAULT 'new',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_content_ideas_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_content_ideas_sector_id_fkey FOREIGN KEY (account_id, site_id, sector_id)
        REFERENCES igny8_sector_copies (account_id, site_id, id),
    CONSTRAINT igny8_content_ideas_cluster_id_fkey FOREIGN KEY (account_id, cluster_id)
        REFERENCES igny8_clusters (account_id, id) ON DELETE SET NULL (cluster_id),
    CONSTRAINT igny8_content_ideas_content_type_check CHECK
        (content_type IN ('article', 'landing_page', 'category_page', 'product_page')),
    CONSTRAINT igny8_content_ideas_structure_check CHECK
        (structure IN ('definition', 'how_to', 'guide', 'list', 'comparison', 'buying_guide', 'review', 'cost', 'troubleshooting',
                       'checklist', 'faq', 'local', 'offer', 'case_study')),
    CONSTRAINT igny8_content_ideas_status_check CHECK (status IN ('new', 'approved', 'queued', 'written', 'rejected'))
);
CREATE INDEX igny8_content_ideas_account_id_site_id_idx ON igny8_content_ideas (account_id, site_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_content_ideas_account_id_sector_id_idx ON igny8_content_ideas (account_id, sector_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_content_ideas_account_id_cluster_id_idx ON igny8_content_ideas (account_id, cluster_id);
CREATE INDEX igny8_content_ideas_deleted_at_idx ON igny8_content_ideas (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_content_ideas', site_column => 'site_id');
CALL app.open_to_system('igny8_content_ideas', readable => '{account_id,id,deleted_at}');
GRANT DELETE ON igny8_content_ideas TO igny8_planner_system;
CREATE POLICY grace ON igny8_content_ideas AS RESTRICTIVE FOR DELETE TO igny8_planner_system
    USING (deleted_at < now() - interval '30 days');

-- What an idea may collide with. Between two ideas there is a row for each of them.
CREATE TABLE igny8_idea_collisions (
    account_id uuid NOT NULL,
    idea_id uuid NOT NULL,
    kind text NOT NULL,
    other_id uuid NOT NULL,
    site_id uuid NOT NULL,
    -- As it was; that of an idea is read from its row.
    title text NOT NULL,
    similarity double precision NOT NULL,
    same_keyword boolean NOT NULL,
    CONSTRAINT igny8_idea_collisions_pkey PRIMARY KEY (account_id, idea_id, kind, other_id),
    CONSTRAINT igny8_idea_collisions_idea_id_fkey FOREIGN KEY (account_id, idea_id)
        REFERENCES igny8_content_ideas (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_idea_collisions_kind_check CHECK (kind IN ('content_idea', 'task', 'page')),
    CONSTRAINT igny8_idea_collisions_similarity_check CHECK (similarity BETWEEN 0 AND 1)
);
CREATE INDEX igny8_idea_collisions_account_id_other_id_idx ON igny8_idea_collisions (account_id, other_id);
CALL app.secure('igny8_idea_collisions', site_column => 'site_id');
