//! Credits that staff give and take.

use contracts::billing::v1 as pb;
use contracts::billing::v1::adjustment_service_client::AdjustmentServiceClient;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::client::Channel;
use testkit::{Actor, metadata};
use uuid::Uuid;

use crate::harness::{Billing, START, refusal};

fn client(billing: &Billing) -> AdjustmentServiceClient<Channel> {
    AdjustmentServiceClient::new(billing.channel())
}

fn staff() -> Actor {
    Actor::new(Uuid::now_v7(), Role::Admin).system()
}

fn request(account: Uuid, credits: i64) -> pb::CreateAdjustmentRequest {
    pb::CreateAdjustmentRequest { id: account.to_string(), credits, reason: "an outage on our side".to_owned() }
}

#[tokio::test]
async fn staff_give_and_take_with_a_reason_that_is_audited() {
    let billing = Billing::start().await;
    let (account, staff) = (billing.account().await, staff());
    let given = client(&billing).create_adjustment(staff.request(request(account, 500))).await.unwrap().into_inner();
    assert_eq!(
        (given.credits, given.reason.as_str(), given.made_by),
        (500, "an outage on our side", Some(staff.claims.sub.clone()))
    );
    client(&billing).create_adjustment(staff.request(request(account, -200))).await.unwrap();
    assert_eq!(billing.balance(account).await.balance, START + 300);

    let list = pb::ListAdjustmentsRequest { id: account.to_string(), ..pb::ListAdjustmentsRequest::default() };
    let listed = client(&billing).list_adjustments(staff.request(list)).await.unwrap().into_inner();
    assert_eq!(listed.results.iter().map(|adjustment| adjustment.credits).collect::<Vec<_>>(), [-200, 500]);
    let audited = format!(
        "SELECT format('%s %s %s', action, details->>'credits', entered_by = '{}') FROM igny8_audit_log
         WHERE account_id = '{account}' ORDER BY id",
        staff.claims.sub
    );
    assert_eq!(billing.texts(&audited).await, ["credits.adjusted 500 t", "credits.adjusted -200 t"]);
    assert_eq!(billing.prove().await.imbalance, 0);
}

#[tokio::test]
async fn what_is_held_or_missing_cannot_be_taken() {
    let billing = Billing::start().await;
    let account = billing.account().await;
    billing.credits().hold(account, 100).await;
    let refused = refusal(client(&billing).create_adjustment(staff().request(request(account, -901))).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "INSUFFICIENT_CREDITS"));
    client(&billing).create_adjustment(staff().request(request(account, -900))).await.unwrap();
    assert_eq!(billing.balance(account).await.available, 0);
}

#[tokio::test]
async fn a_repeated_adjustment_happens_once() {
    let billing = Billing::start().await;
    let (account, staff) = (billing.account().await, staff());
    let keyed = || metadata(staff.request(request(account, 5)), "idempotency-key", "once");
    let first = client(&billing).create_adjustment(keyed()).await.unwrap().into_inner();
    assert_eq!(client(&billing).create_adjustment(keyed()).await.unwrap().into_inner(), first);
    assert_eq!(billing.balance(account).await.balance, START + 5);
}

#[tokio::test]
async fn nobody_else_adjusts_and_an_account_that_is_not_there_is_not_found() {
    let billing = Billing::start().await;
    let account = billing.account().await;
    let owner = Actor::new(account, Role::Owner);
    let refused = refusal(client(&billing).create_adjustment(owner.request(request(account, 5))).await);
    assert_eq!(refused.reason(), "STAFF_REQUIRED");
    let nobody = refusal(client(&billing).create_adjustment(staff().request(request(Uuid::now_v7(), 5))).await);
    assert_eq!(nobody.kind(), Kind::NotFound);
    for (wrong, field) in [
        (request(account, 0), "credits"),
        (pb::CreateAdjustmentRequest { reason: "  ".to_owned(), ..request(account, 5) }, "reason"),
    ] {
        let refused = refusal(client(&billing).create_adjustment(staff().request(wrong)).await);
        assert_eq!(refused.violations()[0].field, field);
    }
    assert_eq!(billing.balance(account).await.balance, START);
}
