-- What the writer and the publisher have of a site, so that an idea is compared with it: by their events.
CREATE TABLE igny8_site_pages (
    account_id uuid NOT NULL,
    -- The article's; the task's until it has an article.
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    kind text NOT NULL,
    task_id uuid,
    content_idea_id uuid,
    title text NOT NULL,
    primary_keyword text NOT NULL,
    -- Where it is to be read, once that is known.
    url text,
    -- Of the event that it comes from: an older one changes nothing.
    changed_at timestamptz NOT NULL,
    -- Kept for a while, so that an older event does not bring it back.
    deleted_at timestamptz,
    CONSTRAINT igny8_site_pages_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_site_pages_kind_check CHECK (kind IN ('task', 'page', 'draft'))
);
CREATE INDEX igny8_site_pages_account_id_site_id_idx ON igny8_site_pages (account_id, site_id, id) WHERE deleted_at IS NULL;
CREATE INDEX igny8_site_pages_account_id_content_idea_id_idx ON igny8_site_pages (account_id, content_idea_id)
    WHERE content_idea_id IS NOT NULL;
CREATE INDEX igny8_site_pages_deleted_at_idx ON igny8_site_pages (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_site_pages', site_column => 'site_id');
CALL app.open_to_system('igny8_site_pages', readable => '{account_id,id,deleted_at}');
GRANT DELETE ON igny8_site_pages TO igny8_planner_system;
CREATE POLICY grace ON igny8_site_pages AS RESTRICTIVE FOR DELETE TO igny8_planner_system
    USING (deleted_at < now() - interval '30 days');

ALTER TABLE igny8_idea_collisions DROP CONSTRAINT igny8_idea_collisions_kind_check;
ALTER TABLE igny8_idea_collisions ADD CONSTRAINT igny8_idea_collisions_kind_check
    CHECK (kind IN ('content_idea', 'task', 'page', 'draft'));
