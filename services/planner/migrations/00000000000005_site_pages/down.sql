DELETE FROM igny8_idea_collisions WHERE kind <> 'content_idea';
ALTER TABLE igny8_idea_collisions DROP CONSTRAINT igny8_idea_collisions_kind_check;
ALTER TABLE igny8_idea_collisions ADD CONSTRAINT igny8_idea_collisions_kind_check CHECK (kind IN ('content_idea', 'task', 'page'));
DROP TABLE igny8_site_pages;
