DELETE FROM igny8_site_media WHERE remote_id IS NULL;
ALTER TABLE igny8_site_media DROP COLUMN sent_at, ALTER COLUMN remote_id SET NOT NULL, ALTER COLUMN url SET NOT NULL;
