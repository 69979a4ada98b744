DROP TABLE igny8_job_inputs, igny8_job_requests;
