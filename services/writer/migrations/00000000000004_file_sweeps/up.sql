-- Files that no picture names any more are swept.

-- When somebody was last about to put the bytes into the store.
ALTER TABLE igny8_files RENAME COLUMN created_at TO stored_at;
-- Since when the bytes are being removed: nobody may put the same ones there until the row is gone.
ALTER TABLE igny8_files ADD COLUMN swept_at timestamptz;
CREATE INDEX igny8_files_stored_at_idx ON igny8_files (stored_at);
CALL app.open_to_system('igny8_files', readable => '{account_id,id,sha256,stored_at}');
CALL app.open_to_system('igny8_pictures', readable => '{account_id,file_id}');
