CREATE OR REPLACE FUNCTION app.count_cluster_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
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

DROP POLICY unclustered ON igny8_keywords;
ALTER TABLE igny8_keywords ADD CONSTRAINT igny8_keywords_cluster_id_fkey FOREIGN KEY (account_id, cluster_id)
    REFERENCES igny8_clusters (account_id, id);
