//! The end of an account.

use contracts::billing::v1 as pb;
use contracts::billing::v1::spending_cap_service_client::SpendingCapServiceClient;
use contracts::rest::v1::Role;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Billing, START, clustering};

#[tokio::test]
async fn the_ledger_stays_under_the_bare_id_and_the_rest_goes() {
    let billing = Billing::start().await;
    let (credits, owner) = (billing.credits(), Actor::new(billing.account().await, Role::Owner));
    let account = owner.account();
    let id = || Some(Uuid::now_v7().to_string());
    let work = pb::ReserveRequest { site_id: id(), user_id: id(), api_key_id: id(), ..clustering(60) };
    credits.reserve(account, work.clone()).await.unwrap();
    let cap = pb::CreateSpendingCapRequest { scope: 1, subject_id: None, daily_credits: 900 };
    SpendingCapServiceClient::new(billing.channel()).create_spending_cap(owner.request(cap)).await.unwrap();
    let stranger = billing.account().await;

    let known = billing.known(account).await;
    billing::close_account(&billing.app.db, known).await.unwrap();
    for table in ["subscriptions", "spending_caps", "usage_logs", "audit_log"] {
        let left = format!("SELECT FROM igny8_{table} WHERE account_id = '{account}'");
        assert_eq!(billing.count(&left).await, 0, "{table}");
    }
    let named = "SELECT FROM igny8_reservations WHERE coalesce(site_id, user_id, api_key_id) IS NOT NULL";
    assert_eq!(billing.count(named).await, 0);
    assert_eq!(billing.count(&format!("SELECT FROM igny8_transfers WHERE account_id = '{account}'")).await, 2);
    assert_eq!(billing.count(&format!("SELECT FROM igny8_subscriptions WHERE account_id = '{stranger}'")).await, 1);

    let refused = credits.reserve(account, clustering(1)).await.unwrap_err();
    assert_eq!(refused.reason(), "ACCOUNT_CLOSED");
    // What was held is still resolved, and the credits do not come a second time.
    credits.settle(account, &work.reservation_id, 20).await.unwrap();
    assert_eq!(billing.balance(account).await.balance, START - 20);
    assert_eq!(billing.prove().await.imbalance, 0);
}
