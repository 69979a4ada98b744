-- Who drives a run: a driver that was taken for dead does no more in it. And the end of runs that were over a year ago.
ALTER TABLE igny8_automation_runs ADD COLUMN lease_id uuid;
CREATE INDEX igny8_automation_runs_finished_at_idx ON igny8_automation_runs (finished_at) WHERE finished_at IS NOT NULL;
GRANT SELECT (lease_id, finished_at), UPDATE (lease_id), DELETE ON igny8_automation_runs TO igny8_planner_system;
CREATE POLICY grace ON igny8_automation_runs AS RESTRICTIVE FOR DELETE TO igny8_planner_system
    USING (finished_at < now() - interval '1 year');
