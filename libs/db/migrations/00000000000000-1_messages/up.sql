-- What a service tells others, what it has heard from them, and what it could not make use of. `libs/bus` reads and writes these tables.

-- Events that wait for their way to the broker. They are written in the transaction of what they tell of, and deleted when the broker
-- has confirmed them.
CREATE TABLE igny8_outbox (
    account_id uuid NOT NULL,
    -- Also the id of the message, by which receivers notice a repetition.
    id uuid NOT NULL,
    -- What the event tells of: a site, a job.
    aggregate uuid NOT NULL,
    -- As `auth.site.changed`.
    event text NOT NULL,
    body jsonb NOT NULL,
    traceparent text,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_outbox_pkey PRIMARY KEY (account_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
CREATE INDEX igny8_outbox_next_at_id_idx ON igny8_outbox (next_at, id);
CALL app.secure('igny8_outbox');
CALL app.open_to_system('igny8_outbox',
    readable => '{account_id,id,event,body,traceparent,attempts,next_at,created_at}', writable => '{attempts,next_at}');

-- Messages that have had their effect here: one row in the transaction of the effect.
CREATE TABLE igny8_inbox (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    processed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_inbox_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX igny8_inbox_processed_at_idx ON igny8_inbox (processed_at);
CALL app.secure('igny8_inbox');
CALL app.open_to_system('igny8_inbox', readable => '{account_id,id,processed_at}');

-- Messages that failed here. They are tried again, ever more rarely, and stand in nobody's way.
CREATE TABLE igny8_parked_messages (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    event text NOT NULL,
    body text NOT NULL,
    traceparent text,
    -- Of the last attempt, with its causes.
    error text NOT NULL,
    attempts integer NOT NULL DEFAULT 1,
    next_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_parked_messages_pkey PRIMARY KEY (account_id, id)
);
CREATE INDEX igny8_parked_messages_next_at_idx ON igny8_parked_messages (next_at);
CALL app.secure('igny8_parked_messages');
CALL app.open_to_system('igny8_parked_messages', readable => '{account_id,id,attempts,next_at}', writable => '{next_at}');

DO $$ BEGIN
    EXECUTE format('GRANT DELETE ON igny8_outbox, igny8_inbox TO %I', app.system_role());
END $$;
