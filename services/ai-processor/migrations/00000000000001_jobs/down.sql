DROP TABLE igny8_workers, igny8_job_inputs, igny8_job_results, igny8_job_steps, igny8_job_leases, igny8_jobs, igny8_vclocks, igny8_lanes;
DROP FUNCTION app.refuse_second_end();
