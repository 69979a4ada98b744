DROP POLICY system ON igny8_pictures;
DROP POLICY system ON igny8_files;
REVOKE SELECT (account_id, file_id) ON igny8_pictures FROM igny8_writer_system;
REVOKE SELECT (account_id, id, sha256, stored_at) ON igny8_files FROM igny8_writer_system;
DROP INDEX igny8_files_stored_at_idx;
ALTER TABLE igny8_files DROP COLUMN swept_at;
ALTER TABLE igny8_files RENAME COLUMN stored_at TO created_at;
