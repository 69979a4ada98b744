DROP TABLE igny8_content_revisions, igny8_content, igny8_tasks, igny8_sector_copies, igny8_site_copies;
