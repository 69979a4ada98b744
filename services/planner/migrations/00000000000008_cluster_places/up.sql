-- That the cluster of a keyword is there was looked up for each row: of 200,000 keywords that change their cluster, a quarter of the time. The
-- trigger that counts holds all these clusters anyway: it looks once for each statement. A keyword begins without a cluster, and clusters
-- are erased after the last keyword that names them.
ALTER TABLE igny8_keywords DROP CONSTRAINT igny8_keywords_cluster_id_fkey;
CREATE POLICY unclustered ON igny8_keywords AS RESTRICTIVE FOR INSERT TO igny8_planner WITH CHECK (cluster_id IS NULL);

CREATE OR REPLACE FUNCTION app.count_cluster_keywords() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    accounts uuid[];
    clusters uuid[];
    keywords bigint[];
    volumes bigint[];
    locked bigint;
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
        GET DIAGNOSTICS locked = ROW_COUNT;
        IF locked <> cardinality(clusters) THEN
            RAISE EXCEPTION 'keywords were put into clusters that are not there' USING ERRCODE = 'foreign_key_violation';
        END IF;
        UPDATE igny8_clusters c SET keyword_count = c.keyword_count + u.keywords, volume = c.volume + u.volume
        FROM unnest(accounts, clusters, keywords, volumes) u (account_id, id, keywords, volume)
        WHERE c.account_id = u.account_id AND c.id = u.id;
    END IF;
    RETURN NULL;
END $$;
