DROP TABLE igny8_ai_request_logs, igny8_strategies, igny8_author_profiles, igny8_ai_prompts, igny8_sector_copies, igny8_site_copies;
