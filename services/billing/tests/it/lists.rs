//! What people read: plans, prices, the subscription, transactions, usage and receipts.

use std::time::{Duration, SystemTime};

use contracts::billing::v1 as pb;
use contracts::billing::v1::credit_transaction_service_client::CreditTransactionServiceClient;
use contracts::billing::v1::plan_service_client::PlanServiceClient;
use contracts::billing::v1::price_service_client::PriceServiceClient;
use contracts::billing::v1::receipt_service_client::ReceiptServiceClient;
use contracts::billing::v1::subscription_service_client::SubscriptionServiceClient;
use contracts::billing::v1::usage_log_service_client::UsageLogServiceClient;
use contracts::billing::v1::{
    CreditTransactionKind, ModelTier, ReservationState, SpendAction, SubscriptionStatus, UsagePeriod,
};
use contracts::rest::v1::Role;
use rpc::Kind;
use testkit::{Actor, anonymous};
use uuid::Uuid;

use crate::harness::{Billing, START, clustering, refusal};

#[tokio::test]
async fn anybody_may_read_the_plans_and_members_the_prices() {
    let billing = Billing::start().await;
    let plans = PlanServiceClient::new(billing.channel()).list_plans(anonymous(pb::ListPlansRequest::default())).await;
    let plans = plans.unwrap().into_inner();
    assert_eq!((plans.count, plans.results[0].id.as_str(), plans.results[0].starting_credits), (1, "free", START));

    let viewer = Actor::new(Uuid::now_v7(), Role::Viewer);
    let mut prices = PriceServiceClient::new(billing.channel());
    let mut list = async |filter| {
        let request = pb::ListPricesRequest { filter: Some(filter), ..pb::ListPricesRequest::default() };
        prices.list_prices(viewer.request(request)).await.unwrap().into_inner()
    };
    assert_eq!(list(pb::PriceFilter::default()).await.count, 15);
    let action = vec![SpendAction::Clustering.into()];
    let tier = vec![ModelTier::Economy.into()];
    let cheapest = list(pb::PriceFilter { action, tier }).await.results;
    assert_eq!(cheapest.iter().map(|price| (price.credits, price.units)).collect::<Vec<_>>(), [(1, 1000)]);
}

#[tokio::test]
async fn a_new_account_is_on_the_free_plan() {
    let billing = Billing::start().await;
    let viewer = Actor::new(Uuid::now_v7(), Role::Viewer);
    let mut subscriptions = SubscriptionServiceClient::new(billing.channel());
    let request = viewer.request(pb::GetSubscriptionRequest {});
    let subscription = subscriptions.get_subscription(request).await.unwrap().into_inner();
    assert_eq!(subscription.status(), SubscriptionStatus::Active);
    assert_eq!((subscription.plan.unwrap().id.as_str(), subscription.current_period_ends_at), ("free", None));
}

#[tokio::test]
async fn every_change_of_the_credits_is_listed_the_newest_first() {
    let billing = Billing::start().await;
    let (credits, admin) = (billing.credits(), Actor::new(billing.account().await, Role::Admin));
    let (spent, released) = (credits.hold(admin.account(), 60).await, credits.hold(admin.account(), 30).await);
    credits.settle(admin.account(), &spent, 25).await.unwrap();
    credits.release(admin.account(), &released).await.unwrap();

    let list = async |filter: pb::CreditTransactionFilter| {
        let request = pb::ListCreditTransactionsRequest { filter: Some(filter), ..Default::default() };
        let mut client = CreditTransactionServiceClient::new(billing.channel());
        client.list_credit_transactions(admin.request(request)).await.unwrap().into_inner()
    };
    let all = list(pb::CreditTransactionFilter::default()).await;
    let read = |entry: &pb::CreditTransaction| (entry.kind(), entry.amount, entry.held);
    assert_eq!(
        all.results.iter().map(read).collect::<Vec<_>>(),
        [
            (CreditTransactionKind::Released, 0, -30),
            (CreditTransactionKind::Spent, -25, -60),
            (CreditTransactionKind::Held, 0, 30),
            (CreditTransactionKind::Held, 0, 60),
            (CreditTransactionKind::Starting, START, 0),
        ]
    );
    assert_eq!(all.results[1].reservation_id.as_ref(), Some(&spent));
    let balance = billing.balance(admin.account()).await;
    assert_eq!(all.results.iter().map(|entry| entry.amount).sum::<i64>(), balance.balance);
    assert_eq!(all.results.iter().map(|entry| entry.held).sum::<i64>(), balance.held);

    let kind = vec![CreditTransactionKind::Held.into()];
    assert_eq!(list(pb::CreditTransactionFilter { kind, ..Default::default() }).await.count, 2);
    let tomorrow = SystemTime::now() + Duration::from_hours(24);
    let later = pb::CreditTransactionFilter { created_after: Some(tomorrow.into()), ..Default::default() };
    assert_eq!(list(later).await.count, 0);
}

async fn usage(billing: &Billing, actor: &Actor, request: pb::ListUsageLogsRequest) -> pb::ListUsageLogsResponse {
    let mut client = UsageLogServiceClient::new(billing.channel());
    client.list_usage_logs(actor.request(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn usage_is_summed_by_day_and_by_month() {
    let billing = Billing::start().await;
    let (credits, viewer) = (billing.credits(), Actor::new(billing.account().await, Role::Viewer));
    for (day, charge) in [("2026-01-31", 10), ("2026-02-01", 20), ("2026-02-02", 30)] {
        let hold = credits.hold(viewer.account(), 40).await;
        credits.settle(viewer.account(), &hold, charge).await.unwrap();
        billing.execute(&format!("UPDATE igny8_usage_logs SET day = '{day}' WHERE day = app.today()")).await;
    }
    let between = pb::UsageLogFilter {
        from: Some("2026-01-01".to_owned()),
        to: Some("2026-12-31".to_owned()),
        ..pb::UsageLogFilter::default()
    };
    let request = |period: UsagePeriod| pb::ListUsageLogsRequest {
        period: Some(period.into()),
        filter: Some(between.clone()),
        ..pb::ListUsageLogsRequest::default()
    };
    let read = |log: &pb::UsageLog| (log.period_start.clone(), log.spent, log.jobs);
    let days = usage(&billing, &viewer, request(UsagePeriod::Daily)).await;
    assert_eq!(
        days.results.iter().map(read).collect::<Vec<_>>(),
        [("2026-02-02".to_owned(), 30, 1), ("2026-02-01".to_owned(), 20, 1), ("2026-01-31".to_owned(), 10, 1)]
    );
    let months = usage(&billing, &viewer, request(UsagePeriod::Monthly)).await;
    assert_eq!(
        months.results.iter().map(read).collect::<Vec<_>>(),
        [("2026-02-01".to_owned(), 50, 2), ("2026-01-01".to_owned(), 10, 1)]
    );
    let past_the_end = pb::ListUsageLogsRequest { page: Some(9), ..request(UsagePeriod::Monthly) };
    let past_the_end = usage(&billing, &viewer, past_the_end).await;
    assert_eq!((past_the_end.results.len(), past_the_end.count), (0, 2));
}

#[tokio::test]
async fn who_sees_one_site_sees_its_usage_and_receipts_only() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), billing.account().await);
    let (site, other) = (Uuid::now_v7(), Uuid::now_v7());
    let mut tasks = Vec::new();
    for site_id in [Some(site), Some(other), None] {
        let request = pb::ReserveRequest { site_id: site_id.map(|id| id.to_string()), ..clustering(10) };
        credits.reserve(account, request.clone()).await.unwrap();
        tasks.push(request.job_id);
    }
    let (all, one) = (Actor::new(account, Role::Viewer), Actor::new(account, Role::Viewer).sites([site]));
    let receipts = async |actor: &Actor| {
        let request = actor.request(pb::ListReceiptsRequest::default());
        ReceiptServiceClient::new(billing.channel()).list_receipts(request).await.unwrap().into_inner()
    };
    for (actor, rows) in [(&all, 3), (&one, 1)] {
        assert_eq!(usage(&billing, actor, pb::ListUsageLogsRequest::default()).await.count, rows);
        assert_eq!(receipts(actor).await.count, rows);
    }
    let get = async |task: &str| {
        let request = one.request(pb::GetReceiptRequest { task_id: task.to_owned() });
        ReceiptServiceClient::new(billing.channel()).get_receipt(request).await
    };
    assert!(get(&tasks[0]).await.is_ok());
    assert_eq!(refusal(get(&tasks[1]).await).kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_receipt_tells_what_a_task_cost() {
    let billing = Billing::start().await;
    let (credits, viewer) = (billing.credits(), Actor::new(billing.account().await, Role::Viewer));
    let user = Uuid::now_v7().to_string();
    let request = pb::ReserveRequest { user_id: Some(user.clone()), ..clustering(60) };
    credits.reserve(viewer.account(), request.clone()).await.unwrap();
    let receipt = async || {
        let request = viewer.request(pb::GetReceiptRequest { task_id: request.job_id.clone() });
        ReceiptServiceClient::new(billing.channel()).get_receipt(request).await.unwrap().into_inner()
    };
    let held = receipt().await;
    assert_eq!((held.state(), held.held, held.units, held.charge), (ReservationState::Held, 60, 60_000, None));
    assert_eq!(
        (held.action(), held.tier(), held.user_id.as_ref()),
        (SpendAction::Clustering, ModelTier::Economy, Some(&user))
    );
    credits.settle(viewer.account(), &request.reservation_id, 25).await.unwrap();
    let settled = receipt().await;
    assert_eq!((settled.state(), settled.charge), (ReservationState::Settled, Some(25)));
    assert!(settled.resolved_at.is_some());

    let filter = pb::ReceiptFilter { state: vec![ReservationState::Held.into()], ..pb::ReceiptFilter::default() };
    let request = pb::ListReceiptsRequest { filter: Some(filter), ..pb::ListReceiptsRequest::default() };
    let open = ReceiptServiceClient::new(billing.channel()).list_receipts(viewer.request(request)).await.unwrap();
    assert_eq!(open.into_inner().count, 0);
}
