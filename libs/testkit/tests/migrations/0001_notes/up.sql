CREATE TABLE igny8_notes (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    CONSTRAINT igny8_notes_pkey PRIMARY KEY (account_id, id)
);
CALL app.secure('igny8_notes');
