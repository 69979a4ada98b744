//! The limits as other services keep them.

use entitlements::Entitlements;
use rpc::Kind;

use crate::harness::Billing;

/// No new connections of the service, and an end to those it has.
const TAKE_THE_DATABASE_AWAY: &str = "DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 0', current_database());
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE 'igny8_billing%';
END $$";

#[tokio::test]
async fn limits_are_kept_for_a_while_and_outlive_an_outage() {
    let billing = Billing::start().await;
    let account = billing.known(billing.account().await).await;
    let unknown = billing.known(billing.account().await).await;
    let entitlements = Entitlements::new(billing.served.channel("planner"));
    assert_eq!(entitlements.limits(account).await.unwrap().max_keywords, 250_000);
    billing.execute("UPDATE igny8_plans SET max_keywords = 7").await;
    assert_eq!(entitlements.limits(account).await.unwrap().max_keywords, 250_000);
    assert_eq!(Entitlements::new(billing.served.channel("planner")).limits(account).await.unwrap().max_keywords, 7);

    billing.execute(TAKE_THE_DATABASE_AWAY).await;
    entitlements.forget(account).await;
    assert_eq!(entitlements.limits(account).await.unwrap().max_keywords, 250_000);
    assert_eq!(entitlements.limits(unknown).await.unwrap_err().kind(), Kind::Unavailable);
}
