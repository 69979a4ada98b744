REVOKE INSERT ON igny8_outbox FROM igny8_auth_system;
ALTER TABLE igny8_sites DROP COLUMN version;
