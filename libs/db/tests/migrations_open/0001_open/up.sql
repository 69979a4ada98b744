CREATE TABLE igny8_notes (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    CONSTRAINT igny8_notes_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_notes_id_key UNIQUE (id),
    CONSTRAINT igny8_notes_id_fkey FOREIGN KEY (id) REFERENCES igny8_notes (id)
);
CREATE VIEW igny8_everything AS SELECT * FROM igny8_notes;
