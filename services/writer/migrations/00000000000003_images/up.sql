-- Images of articles: the places that have one, and the pictures made or uploaded for them.

-- Files whose bytes are in the store, under the account and their hash: what a site has twice is kept once. Ids are what addresses name.
CREATE TABLE igny8_files (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sha256 bytea NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL,
    -- Pixels.
    width integer NOT NULL,
    height integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_files_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_files_account_id_site_id_sha256_key UNIQUE (account_id, site_id, sha256),
    CONSTRAINT igny8_files_site_id_fkey FOREIGN KEY (account_id, site_id) REFERENCES igny8_site_copies (account_id, id),
    CONSTRAINT igny8_files_sha256_check CHECK (octet_length(sha256) = 32),
    CONSTRAINT igny8_files_content_type_check CHECK (content_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/gif'))
);
CALL app.secure('igny8_files', site_column => 'site_id');

CREATE TABLE igny8_images (
    account_id uuid NOT NULL,
    id uuid NOT NULL,
    site_id uuid NOT NULL,
    sector_id uuid NOT NULL,
    content_id uuid NOT NULL,
    slot text NOT NULL,
    -- From 0, in the order of the text.
    place integer NOT NULL DEFAULT 0,
    purpose text NOT NULL DEFAULT '',
    alt text NOT NULL DEFAULT '',
    prompt text NOT NULL DEFAULT '',
    -- The size that is made, in pixels.
    width integer NOT NULL,
    height integer NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    error_message text,
    -- What is shown.
    file_id uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    CONSTRAINT igny8_images_pkey PRIMARY KEY (account_id, id),
    CONSTRAINT igny8_images_content_id_fkey FOREIGN KEY (account_id, content_id)
        REFERENCES igny8_content (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_images_file_id_fkey FOREIGN KEY (account_id, file_id) REFERENCES igny8_files (account_id, id),
    CONSTRAINT igny8_images_slot_check CHECK (slot IN ('featured', 'section')),
    CONSTRAINT igny8_images_state_check CHECK (state IN ('pending', 'generated', 'failed')),
    CONSTRAINT igny8_images_file_check CHECK ((state = 'generated') = (file_id IS NOT NULL))
);
CREATE UNIQUE INDEX igny8_images_featured_key ON igny8_images (account_id, content_id) WHERE slot = 'featured' AND deleted_at IS NULL;
CREATE INDEX igny8_images_account_id_content_id_idx ON igny8_images (account_id, content_id, slot, place);
CREATE INDEX igny8_images_account_id_id_idx ON igny8_images (account_id, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX igny8_images_deleted_at_idx ON igny8_images (deleted_at) WHERE deleted_at IS NOT NULL;
CALL app.secure('igny8_images', site_column => 'site_id');
CALL app.open_to_system('igny8_images', readable => '{account_id,id,deleted_at}');
GRANT DELETE ON igny8_images TO igny8_writer_system;
CREATE POLICY grace ON igny8_images AS RESTRICTIVE FOR DELETE TO igny8_writer_system USING (deleted_at < now() - interval '30 days');

-- The pictures that an image has, the one that is shown among them.
CREATE TABLE igny8_pictures (
    account_id uuid NOT NULL,
    image_id uuid NOT NULL,
    file_id uuid NOT NULL,
    site_id uuid NOT NULL,
    -- What it took to make it, a WorkReceipt in JSON; null for one that was uploaded.
    receipt jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT igny8_pictures_pkey PRIMARY KEY (account_id, image_id, file_id),
    CONSTRAINT igny8_pictures_image_id_fkey FOREIGN KEY (account_id, image_id)
        REFERENCES igny8_images (account_id, id) ON DELETE CASCADE,
    CONSTRAINT igny8_pictures_file_id_fkey FOREIGN KEY (account_id, file_id) REFERENCES igny8_files (account_id, id)
);
CREATE INDEX igny8_pictures_account_id_file_id_idx ON igny8_pictures (account_id, file_id);
CALL app.secure('igny8_pictures', site_column => 'site_id');
