DROP POLICY grace ON igny8_audit_log;
DROP POLICY system ON igny8_audit_log;
REVOKE ALL ON igny8_audit_log FROM igny8_publisher_system;
DROP TABLE igny8_ended_accounts, igny8_connections, igny8_site_copies;
