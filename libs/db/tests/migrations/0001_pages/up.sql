CREATE TABLE igny8_pages (
    account_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    site_id uuid NOT NULL DEFAULT gen_random_uuid(),
    parent_id uuid,
    name text NOT NULL,
    role text NOT NULL DEFAULT 'viewer',
    CONSTRAINT igny8_pages_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_pages_account_id_name_key UNIQUE (account_id, name),
    CONSTRAINT igny8_pages_account_id_parent_id_fkey FOREIGN KEY (account_id, parent_id) REFERENCES igny8_pages (account_id, id),
    CONSTRAINT igny8_pages_role_check CHECK (role IN ('viewer', 'editor'))
);
CALL app.secure('igny8_pages', site_column => 'site_id');
CALL app.open_to_system('igny8_pages', readable => '{account_id,name}', writable => '{role}');
