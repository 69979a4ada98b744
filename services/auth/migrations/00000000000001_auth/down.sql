DROP POLICY grace ON igny8_audit_log;
DROP POLICY system ON igny8_audit_log;
REVOKE ALL ON igny8_audit_log FROM igny8_auth_system;
DROP TABLE igny8_sign_in_attempts, igny8_signing_keys, igny8_mails, igny8_api_keys, igny8_invitations, igny8_user_tokens,
    igny8_refresh_tokens, igny8_sessions, igny8_site_user_access, igny8_sectors, igny8_sites, igny8_industry_sectors, igny8_industries,
    igny8_users, igny8_accounts;
DROP FUNCTION app.sector_left(), app.site_came(), app.require_sector(uuid, uuid), app.touch();
