DROP TABLE igny8_webhook_deliveries, igny8_webhooks, igny8_site_media, igny8_publications;
