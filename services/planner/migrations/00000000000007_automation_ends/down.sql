DROP POLICY grace ON igny8_automation_runs;
REVOKE DELETE ON igny8_automation_runs FROM igny8_planner_system;
REVOKE SELECT (finished_at) ON igny8_automation_runs FROM igny8_planner_system;
DROP INDEX igny8_automation_runs_finished_at_idx;
ALTER TABLE igny8_automation_runs DROP COLUMN lease_id;
