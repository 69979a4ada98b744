-- Two articles of one site never share the last part of their addresses.

-- The slug that is wished for, or the first of -2, -3, … that no other article of the site has. Whoever else looks for one in this site waits for the
-- end of the transaction. Volatile, so that it sees the rows that its own statement has changed.
CREATE FUNCTION app.free_slug(account uuid, site uuid, wished text, article uuid) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    free text := wished;
    number integer := 1;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('slugs of ' || site, 0));
    WHILE EXISTS (SELECT FROM igny8_content WHERE account_id = account AND site_id = site AND slug = free AND deleted_at IS NULL
                     AND id <> article) LOOP
        number := number + 1;
        free := rtrim(left(wished, 79 - length(number::text)), '-') || '-' || number;
    END LOOP;
    RETURN free;
END $$;

CREATE INDEX igny8_content_account_id_site_id_slug_idx ON igny8_content (account_id, site_id, slug) WHERE deleted_at IS NULL;
CREATE POLICY migration ON igny8_content TO igny8_writer_owner USING (true) WITH CHECK (true);
-- The one with a page keeps its slug, then the oldest one.
UPDATE igny8_content c SET slug = app.free_slug(c.account_id, c.site_id, c.slug, c.id)
WHERE c.deleted_at IS NULL AND EXISTS (
    SELECT FROM igny8_content o WHERE o.account_id = c.account_id AND o.site_id = c.site_id AND o.slug = c.slug AND o.deleted_at IS NULL
        AND (o.url IS NULL, o.id) < (c.url IS NULL, c.id));
DROP POLICY migration ON igny8_content;
DROP INDEX igny8_content_account_id_site_id_slug_idx;
CREATE UNIQUE INDEX igny8_content_account_id_site_id_slug_key ON igny8_content (account_id, site_id, slug) WHERE deleted_at IS NULL;
