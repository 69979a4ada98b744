//! Copies of auth's sites: asked for on a miss, changed by events, gone with their account.

use contracts::auth::v1 as auth_pb;
use contracts::auth::v1::sector_service_client::SectorServiceClient;
use contracts::auth::v1::site_service_client::SiteServiceClient;
use contracts::planner::v1 as pb;
use contracts::planner::v1::automation_service_client::AutomationServiceClient;
use contracts::rest::v1::Role;
use rpc::{AccountId, Kind};
use testkit::{Actor, Served, TestDb};
use uuid::Uuid;

use crate::harness::{Place, Planner, nowhere, refusal, wrong_fields};

/// The newest state of the site, as an event tells it.
fn copy(place: &Place, version: i64) -> auth_pb::SiteCopy {
    auth_pb::SiteCopy {
        id: place.site.to_string(),
        version,
        name: format!("Version {version}"),
        active: true,
        sectors: vec![auth_pb::SectorCopy { id: place.sector.to_string(), name: "Bread".into(), ..Default::default() }],
        ..Default::default()
    }
}

async fn store(planner: &Planner, place: &Place, copy: auth_pb::SiteCopy) {
    let account = account(planner, place).await;
    planner.app.db.account(account, async |conn| planner::site_copies::store(conn, &copy).await).await.unwrap();
}

/// The account's id as the service has it: out of a row.
async fn account(planner: &Planner, place: &Place) -> AccountId {
    use diesel::prelude::*;
    use diesel_async::RunQueryDsl;
    use planner::schema::igny8_clusters::dsl;
    planner.cluster(place, "to know the account").await;
    let id = place.owner.account();
    let account = planner.app.db.system(async |conn| {
        Ok(dsl::igny8_clusters.filter(dsl::account_id.eq(id)).select(dsl::account_id).first::<AccountId>(conn).await?)
    });
    let account = account.await.unwrap();
    planner.execute("DELETE FROM igny8_clusters").await;
    account
}

#[tokio::test]
async fn an_older_copy_never_replaces_a_newer_one() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    store(&planner, &place, copy(&place, 3)).await;
    store(&planner, &place, auth_pb::SiteCopy { active: false, ..copy(&place, 2) }).await;
    assert_eq!(planner.texts("SELECT name || ' ' || active FROM igny8_site_copies").await, ["Version 3 true"]);
}

#[tokio::test]
async fn keywords_go_and_come_back_with_their_site_and_sector() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    planner.create(&place, "bread").await;
    let gone = planner.create(&place, "gone before").await;
    let request = pb::DeleteKeywordRequest { id: gone.id };
    planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap();

    let mut deleted = copy(&place, 2);
    deleted.deleted = true;
    store(&planner, &place, deleted).await;
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 0);
    let refused = planner.try_create(&place.owner, place.input("rolls")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["site_id"]);

    store(&planner, &place, copy(&place, 3)).await;
    assert_eq!(planner.texts_of(&place.owner, pb::KeywordFilter::default()).await, ["bread"]);
    let mut without_sector = copy(&place, 4);
    without_sector.sectors[0].deleted = true;
    store(&planner, &place, without_sector).await;
    let refused = planner.try_create(&place.owner, place.input("rolls")).await.unwrap_err();
    assert_eq!(wrong_fields(&refused), ["sector_id"]);
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 0);
}

#[tokio::test]
async fn an_account_that_has_ended_leaves_nothing_and_takes_nobody_along() {
    let planner = Planner::start().await;
    let (place, other) = (planner.place().await, planner.place().await);
    for place in [&place, &other] {
        planner.create(place, "bread").await;
        let deleted = planner.create(place, "deleted").await;
        let request = pb::DeleteKeywordRequest { id: deleted.id };
        planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap();
    }
    let account = account(&planner, &place).await;
    planner::erasure::erase(&planner.app.db, account).await.unwrap();
    let tables =
        "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id'
        WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace";
    for table in planner.texts(tables).await {
        let of = |id: Uuid| format!("SELECT count(*) FROM {table} WHERE account_id = '{id}'");
        assert_eq!(planner.number(&of(place.owner.account())).await, 0, "{table}");
    }
    assert_eq!(planner.list(&other.owner, pb::KeywordFilter::default()).await.count, 1);
}

/// A real auth with a site of this account in it.
async fn auth_with_site(owner: Actor) -> (Served, TestDb, Place) {
    let database = TestDb::new("auth", auth::MIGRATIONS).await;
    let config = auth::Config {
        db: database.config(),
        mail: auth::MailConfig {
            public_url: "https://console.example.com".parse().unwrap(),
            mail_from: "IGNY8 <no-reply@example.com>".to_owned(),
            smtp_url: None,
            mail_dir: std::env::temp_dir(),
        },
        seal_keys: "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
    };
    let app = std::sync::Arc::new(auth::App::new(&config).unwrap());
    let served = testkit::serve("auth", auth::routes(&app)).await;
    let account = owner.account();
    database
        .superuser()
        .await
        .execute(&format!("INSERT INTO igny8_accounts (id, name) VALUES ('{account}', 'Bakery')"), &[])
        .await
        .unwrap();
    let input = auth_pb::SiteInput {
        name: "Bakery".into(),
        domain: "bakery.example".into(),
        sectors: vec![auth_pb::SectorInput { name: "Bread".into(), ..Default::default() }],
        ..Default::default()
    };
    let site =
        SiteServiceClient::new(served.channel("gateway")).create_site(owner.request(input)).await.unwrap().into_inner();
    let place = Place { owner, site: site.id.parse().unwrap(), sector: site.sectors[0].id.parse().unwrap() };
    (served, database, place)
}

#[tokio::test]
async fn a_site_that_no_event_told_of_is_asked_for() {
    let (auth, _database, place) = auth_with_site(Actor::new(Uuid::now_v7(), Role::Owner)).await;
    let planner = Planner::start_with(&auth.target(), &nowhere("billing")).await;
    planner.create(&place, "bread").await;
    // Now it is here, whatever becomes of auth.
    drop(auth);
    planner.create(&place, "rolls").await;
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 2);
}

#[tokio::test]
async fn a_sector_that_is_newer_than_the_copy_of_its_site_is_asked_for() {
    let (auth, _database, place) = auth_with_site(Actor::new(Uuid::now_v7(), Role::Owner)).await;
    let planner = Planner::start_with(&auth.target(), &nowhere("billing")).await;
    planner.create(&place, "bread").await;
    let request =
        auth_pb::CreateSectorRequest { site_id: place.site.to_string(), name: "Cakes".into(), ..Default::default() };
    let mut sectors = SectorServiceClient::new(auth.channel("gateway"));
    let created = sectors.create_sector(place.owner.request(request)).await.unwrap();
    let sector = created.into_inner().id.parse().unwrap();
    planner.create(&Place { sector, ..place.clone() }, "cheesecake").await;
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 2);
}

#[tokio::test]
async fn a_run_of_automation_asks_for_its_site_too() {
    let (auth, _database, place) = auth_with_site(Actor::new(Uuid::now_v7(), Role::Owner)).await;
    let planner = Planner::start_with(&auth.target(), &nowhere("billing")).await;
    let request = |site: Uuid| {
        let request =
            pb::StartAutomationRunRequest { site_id: site.to_string(), credit_limit: 10, ..Default::default() };
        place.owner.request(request)
    };
    let mut automation = AutomationServiceClient::new(planner.channel());
    let run = automation.start_run(request(place.site)).await.unwrap().into_inner();
    assert_eq!(run.site_id, place.site.to_string());
    let unknown = refusal(automation.start_run(request(Uuid::now_v7())).await);
    assert_eq!((wrong_fields(&unknown).as_slice(), unknown.message()), (&["site_id".to_owned()][..], NO_SITE));
}

const NO_SITE: &str = "There is no such site. It may have been deleted.";

#[tokio::test]
async fn a_site_that_nobody_knows_is_named_in_the_answer() {
    let (auth, _database, place) = auth_with_site(Actor::new(Uuid::now_v7(), Role::Owner)).await;
    let planner = Planner::start_with(&auth.target(), &nowhere("billing")).await;
    let refused = async |place: &Place| {
        let refused = planner.try_create(&place.owner, place.input("bread")).await.unwrap_err();
        (wrong_fields(&refused).concat(), refused.message().to_owned())
    };
    let elsewhere = Place { site: Uuid::now_v7(), ..place.clone() };
    assert_eq!(refused(&elsewhere).await, ("site_id".to_owned(), NO_SITE.to_owned()));
    // The site of another account is none either.
    let stranger = Place { owner: Actor::new(Uuid::now_v7(), Role::Owner), ..place.clone() };
    assert_eq!(refused(&stranger).await, ("site_id".to_owned(), NO_SITE.to_owned()));
    let sector = Place { sector: Uuid::now_v7(), ..place };
    let no_sector = "This site has no such sector. It may have been deleted.";
    assert_eq!(refused(&sector).await, ("sector_id".to_owned(), no_sector.to_owned()));
}

#[tokio::test]
async fn while_auth_is_away_a_new_site_waits_and_a_known_one_does_not() {
    let planner = Planner::start().await;
    let known = planner.place().await;
    planner.create(&known, "bread").await;
    let new = Place { site: Uuid::now_v7(), sector: Uuid::now_v7(), ..known };
    let refused = planner.try_create(&new.owner, new.input("rolls")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::Unavailable, "SITE_UNKNOWN_YET"));
    assert!(refused.message().contains("cannot be reached") && refused.retry_after().is_some(), "{refused}");
}
