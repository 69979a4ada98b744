//! Caps: the most that may be spent in a day.

use contracts::billing::v1 as pb;
use contracts::billing::v1::SpendingCapScope;
use contracts::billing::v1::spending_cap_service_client::SpendingCapServiceClient;
use contracts::rest::v1::Role;
use prost_types::FieldMask;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::harness::{Billing, clustering, refusal};

fn client(billing: &Billing) -> SpendingCapServiceClient<Channel> {
    SpendingCapServiceClient::new(billing.channel())
}

fn cap(scope: SpendingCapScope, subject: Option<Uuid>, daily_credits: i64) -> pb::CreateSpendingCapRequest {
    pb::CreateSpendingCapRequest { scope: scope.into(), subject_id: subject.map(|id| id.to_string()), daily_credits }
}

async fn create(billing: &Billing, owner: &Actor, request: pb::CreateSpendingCapRequest) -> pb::SpendingCap {
    client(billing).create_spending_cap(owner.request(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_cap_of_account_site_or_key_refuses_what_would_pass_it() {
    for scope in [SpendingCapScope::Account, SpendingCapScope::Site, SpendingCapScope::ApiKey] {
        let billing = Billing::start().await;
        let credits = billing.credits();
        let owner = Actor::new(billing.account().await, Role::Owner);
        let subject = Uuid::now_v7();
        let named = (scope != SpendingCapScope::Account).then_some(subject);
        create(&billing, &owner, cap(scope, named, 100)).await;
        let on_subject = |amount| {
            let id = Some(subject.to_string());
            match scope {
                SpendingCapScope::Site => pb::ReserveRequest { site_id: id, ..clustering(amount) },
                SpendingCapScope::ApiKey => pb::ReserveRequest { api_key_id: id, ..clustering(amount) },
                _ => clustering(amount),
            }
        };
        credits.reserve(owner.account(), on_subject(70)).await.unwrap();
        let refused = credits.reserve(owner.account(), on_subject(31)).await.unwrap_err();
        assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "SPENDING_CAP_REACHED"));
        assert!(refused.message().contains("leaves 30 for today"), "{}", refused.message());
        assert_eq!(billing.balance(owner.account()).await.held, 70, "nothing of the refused hold is left");
        credits.reserve(owner.account(), on_subject(30)).await.unwrap();
        if scope != SpendingCapScope::Account {
            credits.reserve(owner.account(), clustering(500)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_given_back_or_not_used_is_free_under_the_cap_again() {
    let billing = Billing::start().await;
    let (credits, owner) = (billing.credits(), Actor::new(billing.account().await, Role::Owner));
    let made = create(&billing, &owner, cap(SpendingCapScope::Account, None, 100)).await;
    assert_eq!(made.used_today, 0);
    let (released, used) = (credits.hold(owner.account(), 50).await, credits.hold(owner.account(), 50).await);
    credits.release(owner.account(), &released).await.unwrap();
    credits.settle(owner.account(), &used, 20).await.unwrap();
    let get = pb::GetSpendingCapRequest { id: made.id };
    let read = client(&billing).get_spending_cap(owner.request(get)).await.unwrap().into_inner();
    assert_eq!(read.used_today, 20);
    let quote = pb::QuoteRequest { action: 1, tier: 1, units: 5000, ..pb::QuoteRequest::default() };
    assert_eq!(credits.quote(owner.account(), quote).await.unwrap().cap_left, Some(80));
    credits.hold(owner.account(), 80).await;
}

#[tokio::test]
async fn holds_at_the_same_time_never_pass_a_cap() {
    let billing = Billing::start().await;
    let owner = Actor::new(billing.account().await, Role::Owner);
    create(&billing, &owner, cap(SpendingCapScope::Account, None, 100)).await;
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (credits, account) = (billing.credits(), owner.account());
        all.spawn(async move { credits.reserve(account, clustering(30)).await.is_ok() });
    }
    assert_eq!(all.join_all().await.into_iter().filter(|held| *held).count(), 3);
    assert_eq!(billing.balance(owner.account()).await.held, 90);
}

#[tokio::test]
async fn a_day_ends_at_midnight_utc_wherever_the_server_is() {
    let billing = Billing::start().await;
    let account = Uuid::now_v7();
    let client = billing.database.superuser().await;
    client.batch_execute("SET TIME ZONE 'Pacific/Auckland'").await.unwrap();
    for (time, day) in [("2026-03-01T23:59:59.999999Z", "2026-03-01"), ("2026-03-02T00:00:00Z", "2026-03-02")] {
        let statement = format!(
            "INSERT INTO igny8_reservations
                (account_id, id, action, tier, units, credits, job_id, deadline_at, next_check_at, created_at)
             VALUES ('{account}', gen_random_uuid(), 'ideas', 'economy', 1, 1, gen_random_uuid(), now(), now(), '{time}')
             RETURNING day::text, app.today() = (now() AT TIME ZONE 'UTC')::date"
        );
        let row = client.query_one(&statement, &[]).await.unwrap();
        assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), (day, true));
    }
}

#[tokio::test]
async fn what_was_held_yesterday_does_not_count_today_even_when_it_is_settled_today() {
    let billing = Billing::start().await;
    let (credits, owner) = (billing.credits(), Actor::new(billing.account().await, Role::Owner));
    create(&billing, &owner, cap(SpendingCapScope::Account, None, 100)).await;
    let yesterday = credits.hold(owner.account(), 100).await;
    billing.execute("UPDATE igny8_reservations SET created_at = created_at - interval '1 day'").await;
    billing.execute("UPDATE igny8_usage_logs SET day = day - 1").await;

    let today = credits.hold(owner.account(), 100).await;
    credits.settle(owner.account(), &yesterday, 60).await.unwrap();
    let used =
        "SELECT format('%s held %s spent %s', day - app.today(), held, spent) FROM igny8_usage_logs ORDER BY day";
    assert_eq!(billing.texts(used).await, ["-1 held 0 spent 60", "0 held 100 spent 0"]);
    credits.release(owner.account(), &today).await.unwrap();
    credits.hold(owner.account(), 100).await;
}

#[tokio::test]
async fn caps_are_made_listed_changed_and_lifted() {
    let billing = Billing::start().await;
    let owner = Actor::new(billing.account().await, Role::Owner);
    let site = Uuid::now_v7();
    let made = create(&billing, &owner, cap(SpendingCapScope::Account, None, 100)).await;
    create(&billing, &owner, cap(SpendingCapScope::Site, Some(site), 50)).await;
    let again = client(&billing).create_spending_cap(owner.request(cap(SpendingCapScope::Account, None, 5))).await;
    let again = refusal(again);
    assert_eq!((again.kind(), again.reason()), (Kind::AlreadyExists, "SPENDING_CAP_EXISTS"));
    for wrong in [cap(SpendingCapScope::Account, Some(site), 5), cap(SpendingCapScope::Site, None, 5)] {
        let refused = refusal(client(&billing).create_spending_cap(owner.request(wrong)).await);
        assert_eq!(refused.violations()[0].field, "subject_id");
    }

    let update = |fields: &[&str]| pb::UpdateSpendingCapRequest {
        id: made.id.clone(),
        update_mask: Some(FieldMask { paths: fields.iter().map(|&field| field.to_owned()).collect() }),
        daily_credits: 7,
    };
    let same = client(&billing).update_spending_cap(owner.request(update(&[]))).await.unwrap().into_inner();
    assert_eq!(same.daily_credits, 100);
    let changed = client(&billing).update_spending_cap(owner.request(update(&["daily_credits"]))).await.unwrap();
    assert_eq!(changed.into_inner().daily_credits, 7);

    let list = async |actor: &Actor| {
        let request = actor.request(pb::ListSpendingCapsRequest::default());
        client(&billing).list_spending_caps(request).await.unwrap().into_inner()
    };
    assert_eq!(list(&owner).await.results.iter().map(|cap| cap.daily_credits).collect::<Vec<_>>(), [7, 50]);
    let stranger = Actor::new(billing.account().await, Role::Owner);
    assert_eq!(list(&stranger).await.count, 0);
    let delete = pb::DeleteSpendingCapRequest { id: made.id.clone() };
    let foreign = client(&billing).delete_spending_cap(stranger.request(delete.clone())).await;
    assert_eq!(refusal(foreign).kind(), Kind::NotFound);
    client(&billing).delete_spending_cap(owner.request(delete.clone())).await.unwrap();
    assert_eq!(refusal(client(&billing).delete_spending_cap(owner.request(delete)).await).kind(), Kind::NotFound);
    let audited = "SELECT action FROM igny8_audit_log ORDER BY id";
    assert_eq!(
        billing.texts(audited).await,
        [
            "spending_cap.created",
            "spending_cap.created",
            "spending_cap.updated",
            "spending_cap.updated",
            "spending_cap.deleted"
        ]
    );
}

#[tokio::test]
async fn only_the_owner_sets_caps() {
    let billing = Billing::start().await;
    let admin = Actor::new(billing.account().await, Role::Admin);
    let refused = client(&billing).create_spending_cap(admin.request(cap(SpendingCapScope::Account, None, 1))).await;
    assert_eq!(refusal(refused).reason(), "ROLE_TOO_LOW");
}
