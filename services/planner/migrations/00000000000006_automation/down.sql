DROP TABLE igny8_automation_schedules, igny8_automation_jobs, igny8_automation_items, igny8_automation_runs;
ALTER TABLE igny8_site_copies DROP COLUMN auto_publish;
