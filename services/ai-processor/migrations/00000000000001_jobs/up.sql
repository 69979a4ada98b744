-- Jobs: the queue, who works on what, and what came of it. PostgreSQL is the job store; the broker carries hints.
--
-- The system role dispatches, claims and sweeps across accounts. It reads what those need and never an input, a step or a result.
-- Order of locks: the lane, then its job; one lane for each transaction, but for the dispatcher, which skips lanes that are locked.

-- One row for each account and class: fairness between accounts, and how many jobs of one account may be out at once.
CREATE TABLE igny8_lanes (
    account_id uuid NOT NULL,
    class text NOT NULL,
    weight double precision NOT NULL DEFAULT 1,
    max_inflight integer NOT NULL,
    -- Dispatched and running.
    inflight integer NOT NULL DEFAULT 0,
    queued integer NOT NULL DEFAULT 0,
    -- Virtual finish times: of the oldest queued job, and of the last one that came.
    head_vft double precision NOT NULL DEFAULT 0,
    last_vft double precision NOT NULL DEFAULT 0,
    CONSTRAINT igny8_lanes_pkey PRIMARY KEY (account_id, class),
    CONSTRAINT igny8_lanes_class_check CHECK (class IN ('interactive', 'batch', 'image')),
    CONSTRAINT igny8_lanes_weight_check CHECK (weight > 0),
    CONSTRAINT igny8_lanes_max_inflight_check CHECK (max_inflight > 0),
    CONSTRAINT igny8_lanes_inflight_check CHECK (inflight >= 0),
    CONSTRAINT igny8_lanes_queued_check CHECK (queued >= 0)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX igny8_lanes_class_head_vft_idx ON igny8_lanes (class, head_vft) WHERE queued > 0 AND inflight < max_inflight;
CALL app.secure('igny8_lanes');
CALL app.open_to_system('igny8_lanes', readable => '{account_id,class,weight,max_inflight,inflight,queued,head_vft,last_vft}',
    writable => '{inflight,queued,head_vft}');

-- The virtual time of each class: a lane that comes late starts here, and neither catches up nor waits.
CREATE TABLE igny8_vclocks (
    class text NOT NULL,
    v double precision NOT NULL DEFAULT 0,
    CONSTRAINT igny8_vclocks_pkey PRIMARY KEY (class)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
INSERT INTO igny8_vclocks (class) VALUES ('interactive'), ('batch'), ('image');
GRANT SELECT ON igny8_vclocks TO igny8_ai_processor;
GRANT SELECT, UPDATE ON igny8_vclocks TO igny8_ai_processor_system;

CREATE TABLE igny8_jobs (
    account_id uuid NOT NULL,
    -- Chosen and committed by the requester before it first sends it.
    id uuid NOT NULL,
    requester text NOT NULL,
    -- Without action and class it is a tombstone: cancelled before it came.
    action text,
    class text,
    site_id uuid,
    user_id uuid,
    api_key_id uuid,
    reservation_id uuid,
    -- What a repetition must have in common with the first.
    req_hash bytea NOT NULL,
    input_sha256 bytea NOT NULL,
    units bigint NOT NULL DEFAULT 0,
    max_charge bigint NOT NULL DEFAULT 0,
    state text NOT NULL,
    vft double precision NOT NULL DEFAULT 0,
    attempt integer NOT NULL DEFAULT 0,
    crashes integer NOT NULL DEFAULT 0,
    -- Counts up with every claim: what an earlier worker says is not heard any more.
    epoch bigint NOT NULL DEFAULT 0,
    -- Counts up with every dispatch: an earlier hint is not heard any more.
    dispatch_seq bigint NOT NULL DEFAULT 0,
    -- The last that was seen of a try; the lease has the present.
    phase text NOT NULL DEFAULT 'init',
    percent integer NOT NULL DEFAULT 0,
    -- When a waiting job is queued again, and when a dispatched one counts as lost.
    next_at timestamptz NOT NULL DEFAULT now(),
    deadline_at timestamptz NOT NULL,
    cancel_requested_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    error_code text,
    error_message text,
    charge bigint,
    -- Provider, model, prompt version, tokens, cost, and the hash of the result.
    receipt jsonb,
    CONSTRAINT igny8_jobs_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_jobs_action_check CHECK (action IN ('clustering', 'ideas', 'content', 'image_prompts', 'image')),
    CONSTRAINT igny8_jobs_class_check CHECK (class IN ('interactive', 'batch', 'image')),
    CONSTRAINT igny8_jobs_action_class_check CHECK ((action IS NULL) = (class IS NULL) AND (action IS NOT NULL OR state = 'cancelled')),
    CONSTRAINT igny8_jobs_state_check
        CHECK (state IN ('waiting', 'queued', 'dispatched', 'running', 'succeeded', 'failed', 'cancelled', 'expired')),
    CONSTRAINT igny8_jobs_phase_check CHECK (phase IN ('init', 'prep', 'ai_call', 'parse', 'save', 'done')),
    CONSTRAINT igny8_jobs_percent_check CHECK (percent BETWEEN 0 AND 100),
    CONSTRAINT igny8_jobs_max_charge_check CHECK (max_charge >= 0),
    CONSTRAINT igny8_jobs_charge_check CHECK (charge BETWEEN 0 AND max_charge),
    CONSTRAINT igny8_jobs_charge_finished_at_check CHECK ((charge IS NULL) = (finished_at IS NULL)),
    CONSTRAINT igny8_jobs_finished_at_check
        CHECK ((state IN ('succeeded', 'failed', 'cancelled', 'expired')) = (finished_at IS NOT NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
CREATE INDEX igny8_jobs_account_id_class_vft_id_idx ON igny8_jobs (account_id, class, vft, id) WHERE state = 'queued';
CREATE INDEX igny8_jobs_class_next_at_idx ON igny8_jobs (class, next_at) WHERE state = 'dispatched';
CREATE INDEX igny8_jobs_next_at_idx ON igny8_jobs (next_at) WHERE state = 'waiting';
CREATE INDEX igny8_jobs_deadline_at_idx ON igny8_jobs (deadline_at) WHERE finished_at IS NULL;
CREATE INDEX igny8_jobs_cancel_requested_at_idx ON igny8_jobs (cancel_requested_at)
    WHERE finished_at IS NULL AND cancel_requested_at IS NOT NULL;
CREATE INDEX igny8_jobs_account_id_created_at_id_idx ON igny8_jobs (account_id, created_at, id);
CREATE INDEX igny8_jobs_finished_at_idx ON igny8_jobs (finished_at) WHERE finished_at IS NOT NULL;
CALL app.secure('igny8_jobs', site_column => 'site_id');
CALL app.open_to_system('igny8_jobs',
    readable => '{account_id,id,requester,action,class,site_id,input_sha256,units,max_charge,state,vft,attempt,crashes,epoch,dispatch_seq,phase,percent,next_at,deadline_at,cancel_requested_at,created_at,started_at,finished_at,error_code,error_message,charge}',
    writable => '{state,attempt,epoch,dispatch_seq,next_at,started_at}');

CREATE FUNCTION app.refuse_second_end() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'the last state of a job is final' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER igny8_jobs_final BEFORE UPDATE ON igny8_jobs FOR EACH ROW WHEN (OLD.finished_at IS NOT NULL)
    EXECUTE FUNCTION app.refuse_second_end();

-- Who works on a job, and until when that counts. One for each job and not for each worker: a worker can live and have lost a job.
-- No index on lease_until, so that renewing touches no index; there are as many rows as jobs at work.
CREATE TABLE igny8_job_leases (
    account_id uuid NOT NULL,
    job_id uuid NOT NULL,
    epoch bigint NOT NULL,
    worker_id uuid NOT NULL,
    lease_until timestamptz NOT NULL,
    attempt_deadline timestamptz NOT NULL,
    phase text NOT NULL DEFAULT 'init',
    percent integer NOT NULL DEFAULT 0,
    message text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_job_leases_pkey PRIMARY KEY (account_id, job_id),
    CONSTRAINT igny8_job_leases_account_id_job_id_fkey FOREIGN KEY (account_id, job_id) REFERENCES igny8_jobs (account_id, id)
        ON DELETE CASCADE,
    CONSTRAINT igny8_job_leases_phase_check CHECK (phase IN ('init', 'prep', 'ai_call', 'parse', 'save', 'done')),
    CONSTRAINT igny8_job_leases_percent_check CHECK (percent BETWEEN 0 AND 100)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01);
CALL app.secure('igny8_job_leases');
CALL app.open_to_system('igny8_job_leases',
    readable => '{account_id,job_id,epoch,worker_id,lease_until,attempt_deadline,phase,percent,message,updated_at}',
    writable => '{epoch,worker_id,lease_until,attempt_deadline,phase,percent,message,updated_at}');
GRANT INSERT ON igny8_job_leases TO igny8_ai_processor_system;

-- A finished provider call, so that it is never paid for twice.
CREATE TABLE igny8_job_steps (
    account_id uuid NOT NULL,
    job_id uuid NOT NULL,
    step integer NOT NULL,
    input_hash bytea NOT NULL,
    output bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_job_steps_pkey PRIMARY KEY (account_id, job_id, step),
    CONSTRAINT igny8_job_steps_account_id_job_id_fkey FOREIGN KEY (account_id, job_id) REFERENCES igny8_jobs (account_id, id)
        ON DELETE CASCADE
);
CALL app.secure('igny8_job_steps');

-- The result, in the pieces in which it is read.
CREATE TABLE igny8_job_results (
    account_id uuid NOT NULL,
    job_id uuid NOT NULL,
    piece integer NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT igny8_job_results_pkey PRIMARY KEY (account_id, job_id, piece),
    CONSTRAINT igny8_job_results_account_id_job_id_fkey FOREIGN KEY (account_id, job_id) REFERENCES igny8_jobs (account_id, id)
        ON DELETE CASCADE
);
CALL app.secure('igny8_job_results');

-- The input, in parts. A large one comes before its job does: hence no foreign key.
CREATE TABLE igny8_job_inputs (
    account_id uuid NOT NULL,
    job_id uuid NOT NULL,
    part integer NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_job_inputs_pkey PRIMARY KEY (account_id, job_id, part),
    CONSTRAINT igny8_job_inputs_part_check CHECK (part >= 0)
);
CREATE INDEX igny8_job_inputs_created_at_idx ON igny8_job_inputs (created_at);
CALL app.secure('igny8_job_inputs');
CALL app.open_to_system('igny8_job_inputs', readable => '{account_id,job_id,part,created_at}');

-- Worker processes by class: twice their living slots is how many jobs are told to the broker at once.
CREATE TABLE igny8_workers (
    id uuid NOT NULL,
    class text NOT NULL,
    slots integer NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_workers_pkey PRIMARY KEY (id, class),
    CONSTRAINT igny8_workers_class_check CHECK (class IN ('interactive', 'batch', 'image')),
    CONSTRAINT igny8_workers_slots_check CHECK (slots > 0)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON igny8_workers TO igny8_ai_processor_system;

-- What has had its time: ended jobs after 90 days with all that hangs on them, inputs after 30.
GRANT DELETE ON igny8_jobs, igny8_job_inputs TO igny8_ai_processor_system;
CREATE POLICY grace ON igny8_jobs AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system USING (finished_at < now() - interval '90 days');
CREATE POLICY grace ON igny8_job_inputs AS RESTRICTIVE FOR DELETE TO igny8_ai_processor_system
    USING (created_at < now() - interval '30 days');
