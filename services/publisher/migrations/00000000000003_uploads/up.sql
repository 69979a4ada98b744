-- A picture that was sent may be on the site, or on its way there, though no answer came: its row says since when, and has no id yet.
ALTER TABLE igny8_site_media
    ADD COLUMN sent_at timestamptz NOT NULL DEFAULT now(),
    ALTER COLUMN remote_id DROP NOT NULL,
    ALTER COLUMN url DROP NOT NULL;
