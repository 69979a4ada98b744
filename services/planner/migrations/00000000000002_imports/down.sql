DROP TABLE igny8_keyword_import_rejects;
DROP TABLE igny8_keyword_imports;
DROP FUNCTION app.volume_rank;
