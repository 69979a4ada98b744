DROP POLICY system ON igny8_webhooks;
REVOKE ALL ON igny8_webhooks FROM igny8_publisher_system;
ALTER TABLE igny8_webhooks DROP COLUMN secret_key;
