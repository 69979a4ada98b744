-- The key that a secret is sealed with, so that the keeper of keys finds what is to be sealed anew without reading any secret.
ALTER TABLE igny8_webhooks ADD COLUMN secret_key text NOT NULL GENERATED ALWAYS AS (split_part(secret, ':', 2)) STORED;
CALL app.open_to_system('igny8_webhooks', readable => '{account_id,id,secret_key}');
