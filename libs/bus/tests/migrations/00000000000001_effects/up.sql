-- What the handlers of the tests did: nothing here keeps an effect from happening twice.
CREATE TABLE igny8_effects (
    account_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    note text NOT NULL,
    traceparent text,
    CONSTRAINT igny8_effects_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_effects');
