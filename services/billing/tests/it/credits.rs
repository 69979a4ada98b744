//! Quotes, holds and how they end.

use contracts::billing::v1 as pb;
use contracts::billing::v1::{ModelTier, ReservationState, SpendAction};
use rpc::Kind;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{Billing, START, clustering};

fn quote(action: SpendAction, tier: ModelTier, units: i64) -> pb::QuoteRequest {
    pb::QuoteRequest { action: action.into(), tier: tier.into(), units, ..pb::QuoteRequest::default() }
}

#[tokio::test]
async fn a_quote_rounds_up_and_tells_what_is_available() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    for (action, tier, units, price) in [
        (SpendAction::Clustering, ModelTier::Economy, 0, 0),
        (SpendAction::Clustering, ModelTier::Economy, 1, 1),
        (SpendAction::Clustering, ModelTier::Economy, 1000, 1),
        (SpendAction::Clustering, ModelTier::Economy, 1001, 2),
        (SpendAction::Clustering, ModelTier::Economy, 200_000, 200),
        (SpendAction::Content, ModelTier::Premium, 1500, 60),
        (SpendAction::Image, ModelTier::Standard, 3, 15),
    ] {
        let answer = credits.quote(account, quote(action, tier, units)).await.unwrap();
        assert_eq!((answer.credits, answer.available, answer.cap_left), (price, START, None), "{action:?} {units}");
    }
    let unknown = pb::QuoteRequest { action: 99, ..quote(SpendAction::Image, ModelTier::Economy, 1) };
    assert_eq!(credits.quote(account, unknown).await.unwrap_err().kind(), Kind::InvalidArgument);
}

#[tokio::test]
async fn the_starting_credits_come_once_however_many_ask_first() {
    let billing = Billing::start().await;
    let account = Uuid::now_v7();
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let credits = billing.credits();
        all.spawn(async move { credits.quote(account, quote(SpendAction::Ideas, ModelTier::Economy, 1)).await });
        let credits = billing.credits();
        all.spawn(async move {
            credits.limits(account).await;
            credits.quote(account, quote(SpendAction::Ideas, ModelTier::Economy, 1)).await
        });
    }
    for answer in all.join_all().await {
        assert_eq!(answer.unwrap().available, START);
    }
    assert_eq!(billing.count("SELECT FROM igny8_transfers").await, 1);
    assert_eq!(billing.count("SELECT FROM igny8_subscriptions").await, 1);
}

#[tokio::test]
async fn a_hold_is_paid_for_at_what_was_used_and_the_rest_is_free_again() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let request = clustering(60);
    let held = credits.reserve(account, request.clone()).await.unwrap();
    assert_eq!((held.credits, held.state(), held.charge), (60, ReservationState::Held, None));
    let balance = billing.balance(account).await;
    assert_eq!((balance.balance, balance.held, balance.available), (START, 60, START - 60));

    let settled = credits.settle(account, &request.reservation_id, 25).await.unwrap();
    assert_eq!((settled.credits, settled.state(), settled.charge), (60, ReservationState::Settled, Some(25)));
    let balance = billing.balance(account).await;
    assert_eq!((balance.balance, balance.held, balance.spent_today), (START - 25, 0, 25));
    // Asked again, the hold is what it became.
    assert_eq!(credits.reserve(account, request).await.unwrap(), settled);
}

#[tokio::test]
async fn a_hold_is_given_back_as_a_whole() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let (released, nothing_used) = (credits.hold(account, 60).await, credits.hold(account, 60).await);
    let answer = credits.release(account, &released).await.unwrap();
    assert_eq!((answer.state(), answer.charge), (ReservationState::Released, Some(0)));
    let answer = credits.settle(account, &nothing_used, 0).await.unwrap();
    assert_eq!((answer.state(), answer.charge), (ReservationState::Released, Some(0)));
    let balance = billing.balance(account).await;
    assert_eq!((balance.available, balance.spent_today), (START, 0));
}

#[tokio::test]
async fn more_than_was_held_is_never_charged() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let hold = credits.hold(account, 60).await;
    assert_eq!(credits.settle(account, &hold, 61).await.unwrap().charge, Some(60));
    assert_eq!(billing.balance(account).await.balance, START - 60);
}

#[tokio::test]
async fn the_first_end_of_a_hold_counts() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let (settled, released) = (credits.hold(account, 60).await, credits.hold(account, 60).await);
    let first = credits.settle(account, &settled, 30).await.unwrap();
    assert_eq!(credits.settle(account, &settled, 50).await.unwrap(), first);
    assert_eq!(credits.release(account, &settled).await.unwrap(), first);
    let first = credits.release(account, &released).await.unwrap();
    assert_eq!(credits.settle(account, &released, 60).await.unwrap(), first);
    assert_eq!(billing.balance(account).await.available, START - 30);
    assert_eq!(billing.prove().await.imbalance, 0);
}

#[tokio::test]
async fn a_hold_that_nobody_made_or_another_account_has_is_not_found() {
    let billing = Billing::start().await;
    let (credits, ours, theirs) = (billing.credits(), billing.account().await, billing.account().await);
    let hold = credits.hold(theirs, 60).await;
    let unknown = Uuid::now_v7().to_string();
    for id in [&hold, &unknown] {
        assert_eq!(credits.settle(ours, id, 1).await.unwrap_err().kind(), Kind::NotFound);
        assert_eq!(credits.release(ours, id).await.unwrap_err().kind(), Kind::NotFound);
    }
    assert_eq!(billing.balance(theirs).await.held, 60);
}

#[tokio::test]
async fn a_repeated_hold_is_the_same_and_another_under_its_id_is_refused() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let request = clustering(60);
    let first = credits.reserve(account, request.clone()).await.unwrap();
    assert_eq!(credits.reserve(account, request.clone()).await.unwrap(), first);
    for other in [
        pb::ReserveRequest { units: 61_000, ..request.clone() },
        pb::ReserveRequest { tier: ModelTier::Premium.into(), ..request.clone() },
        pb::ReserveRequest { site_id: Some(Uuid::now_v7().to_string()), ..request.clone() },
        pb::ReserveRequest { job_id: Uuid::now_v7().to_string(), ..request.clone() },
        // A job is held for once.
        pb::ReserveRequest { reservation_id: Uuid::now_v7().to_string(), ..request },
    ] {
        let refused = credits.reserve(account, other).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "RESERVATION_MISMATCH"));
    }
    assert_eq!(billing.balance(account).await.held, 60);
}

#[tokio::test]
async fn the_price_of_a_hold_stays_when_the_list_changes() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    let request = clustering(60);
    let first = credits.reserve(account, request.clone()).await.unwrap();
    billing.execute("UPDATE igny8_prices SET credits = 3").await;
    assert_eq!(credits.reserve(account, request).await.unwrap(), first);
}

#[tokio::test]
async fn what_costs_nothing_holds_nothing() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), billing.account().await);
    let answer = credits.reserve(account, clustering(0)).await.unwrap();
    assert_eq!((answer.credits, answer.state()), (0, ReservationState::Settled));
    assert_eq!(billing.count("SELECT FROM igny8_reservations").await, 0);
}

#[tokio::test]
async fn a_shortage_says_what_is_needed_and_what_is_there() {
    let billing = Billing::start().await;
    let (credits, account) = (billing.credits(), Uuid::now_v7());
    credits.hold(account, START - 40).await;
    let refused = credits.reserve(account, clustering(120)).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "INSUFFICIENT_CREDITS"));
    assert!(refused.message().contains("needs 120 credits and 40 are available"), "{}", refused.message());
    // Nothing of the refused hold is left, and the same id may be tried again.
    assert_eq!(billing.count("SELECT FROM igny8_reservations").await, 1);
}

#[tokio::test]
async fn holds_at_the_same_time_never_exceed_the_balance() {
    let billing = Billing::start().await;
    let account = Uuid::now_v7();
    let mut all = JoinSet::new();
    for _ in 0..24 {
        let credits = billing.credits();
        all.spawn(async move { credits.reserve(account, clustering(100)).await });
    }
    let (held, refused): (Vec<_>, Vec<_>) = all.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!((held.len(), refused.len()), (10, 14));
    for refused in refused {
        assert_eq!(refused.unwrap_err().reason(), "INSUFFICIENT_CREDITS");
    }
    let balance = billing.balance(account).await;
    assert_eq!((balance.held, balance.available), (START, 0));
    assert_eq!(billing.prove().await.imbalance, 0);
}

#[tokio::test]
async fn the_limits_are_those_of_the_plan() {
    let billing = Billing::start().await;
    let limits = billing.credits().limits(Uuid::now_v7()).await;
    assert_eq!(
        (limits.plan.as_str(), limits.max_sites, limits.max_users, limits.max_keywords),
        ("free", 3, 3, 250_000)
    );
    assert!(limits.max_running_jobs > 0);
}

#[tokio::test]
async fn a_service_must_name_the_account() {
    let billing = Billing::start().await;
    let mut credits =
        contracts::billing::v1::credit_service_client::CreditServiceClient::new(billing.served.channel("planner"));
    let refused = credits.get_limits(testkit::anonymous(pb::GetLimitsRequest {})).await;
    assert_eq!(crate::harness::refusal(refused).kind(), Kind::InvalidArgument);
}
