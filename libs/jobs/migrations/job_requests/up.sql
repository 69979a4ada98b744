-- Work that this service asked ai-processor for. The id is also the job's, the reservation's and the task's.
CREATE TABLE igny8_job_requests (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    -- As people call it: auto_cluster.
    action text NOT NULL,
    step text NOT NULL DEFAULT 'new',
    -- The user or API key that asked, and which of them it was.
    actor_id uuid NOT NULL,
    user_id uuid,
    api_key_id uuid,
    -- Null once the request was refused: its repetition begins anew.
    idempotency_key text,
    req_hash bytea NOT NULL,
    -- What the result goes to, and whether it takes one request at a time.
    target_id uuid NOT NULL,
    exclusive boolean NOT NULL,
    -- What the service remembers for the result.
    params jsonb NOT NULL,
    units bigint NOT NULL,
    -- It is refused when it would take more.
    max_credits bigint,
    -- Of the whole input. Its parts are in igny8_job_inputs until the work has ended.
    input_sha256 bytea NOT NULL,
    -- Held for it; null until then.
    credits bigint,
    -- Taken for it; null until the work has ended.
    charge bigint,
    tries integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    error_code text,
    error_message text,
    figures jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT igny8_job_requests_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_job_requests_step_check CHECK
        (step IN ('new', 'reserved', 'submitted', 'finished', 'applied', 'abandoned', 'failed', 'cancelled')),
    CONSTRAINT igny8_job_requests_ended_at_check CHECK ((step IN ('applied', 'failed', 'cancelled')) = (ended_at IS NOT NULL)),
    CONSTRAINT igny8_job_requests_charge_check CHECK (charge BETWEEN 0 AND credits)
);
CREATE UNIQUE INDEX igny8_job_requests_idempotency_key ON igny8_job_requests (account_id, actor_id, action, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX igny8_job_requests_exclusive_key ON igny8_job_requests (account_id, action, target_id)
    WHERE exclusive AND step IN ('new', 'reserved', 'submitted', 'finished');
CREATE INDEX igny8_job_requests_next_at_idx ON igny8_job_requests (next_at)
    WHERE step IN ('new', 'reserved', 'submitted', 'finished', 'abandoned');
CREATE INDEX igny8_job_requests_account_id_target_id_idx ON igny8_job_requests (account_id, target_id, created_at);
CALL app.secure('igny8_job_requests', site_column => 'site_id');
CALL app.open_to_system('igny8_job_requests', readable => '{account_id,id,step,tries,next_at,created_at,idempotency_key}',
    writable => '{tries,next_at,idempotency_key}');

-- An input as it was when the work was asked for, in parts of at most 2 MiB.
CREATE TABLE igny8_job_inputs (
    account_id uuid NOT NULL,
    request_id uuid NOT NULL,
    part integer NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT igny8_job_inputs_pkey PRIMARY KEY (account_id, request_id, part),
    CONSTRAINT igny8_job_inputs_request_id_fkey FOREIGN KEY (account_id, request_id)
        REFERENCES igny8_job_requests (account_id, id) ON DELETE CASCADE
);
ALTER TABLE igny8_job_inputs ALTER COLUMN body SET STORAGE EXTERNAL;
CALL app.secure('igny8_job_inputs');
