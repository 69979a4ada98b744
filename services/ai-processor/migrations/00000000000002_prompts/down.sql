DROP POLICY grace ON igny8_audit_log;
DROP POLICY system ON igny8_audit_log;
REVOKE ALL ON igny8_audit_log FROM igny8_ai_processor_system;
DROP TABLE igny8_ended_accounts, igny8_ai_request_logs, igny8_strategies, igny8_author_profiles, igny8_ai_prompts, igny8_sector_copies,
    igny8_site_copies;
