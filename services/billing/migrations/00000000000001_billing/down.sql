DROP POLICY closed ON igny8_audit_log;
DROP POLICY system ON igny8_audit_log;
REVOKE ALL ON igny8_audit_log FROM igny8_billing_system;
DROP FUNCTION app.resolve(uuid, bigint, uuid),
    app.reserve(uuid, text, text, bigint, uuid, uuid, uuid, uuid, timestamptz, uuid),
    app.open_account(uuid), app.today(), app.spending(date, uuid, uuid), app.price(text, text, bigint), app.platform();
DROP TABLE igny8_api_key_cap_copies, igny8_spending_caps, igny8_usage_logs, igny8_transfers, igny8_reservations, igny8_wallets, igny8_prices, igny8_subscriptions,
    igny8_plans;
DROP FUNCTION app.apply_transfer();
