DROP INDEX igny8_content_account_id_site_id_slug_key;
DROP FUNCTION app.free_slug;
