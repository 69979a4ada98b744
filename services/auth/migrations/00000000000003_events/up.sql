-- Other services keep copies of sites. Events may overtake one another: the version tells which copy is the newer one.
ALTER TABLE igny8_sites ADD COLUMN version bigint NOT NULL DEFAULT 1;

-- The system role erases accounts, and tells the others of it in the same transaction.
GRANT INSERT ON igny8_outbox TO igny8_auth_system;
