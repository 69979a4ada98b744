//! Copies of auth's sites: asked for on a miss, changed by events, gone with their account.

use contracts::auth::v1 as auth_pb;
use contracts::auth::v1::site_service_client::SiteServiceClient;
use contracts::planner::v1 as pb;
use contracts::rest::v1::Role;
use rpc::AccountId;
use testkit::{Actor, TestDb};
use uuid::Uuid;

use crate::harness::{Place, Planner, nowhere, wrong_fields};

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

#[tokio::test]
async fn a_site_that_no_event_told_of_is_asked_for() {
    let database = TestDb::new("auth", auth::MIGRATIONS).await;
    let mails = std::env::temp_dir();
    let config = auth::Config {
        db: database.config(),
        mail: auth::MailConfig {
            public_url: "https://console.example.com".parse().unwrap(),
            mail_from: "IGNY8 <no-reply@example.com>".to_owned(),
            smtp_url: None,
            mail_dir: mails,
        },
        seal_keys: "test:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=".into(),
    };
    let app = std::sync::Arc::new(auth::App::new(&config).unwrap());
    let served = testkit::serve("auth", auth::routes(&app)).await;
    let owner = Actor::new(Uuid::now_v7(), Role::Owner);
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

    let planner = Planner::start_with(&served.target(), &nowhere("billing")).await;
    let place = Place { owner, site: site.id.parse().unwrap(), sector: site.sectors[0].id.parse().unwrap() };
    planner.create(&place, "bread").await;
    // Now it is here, whatever becomes of auth.
    drop(served);
    planner.create(&place, "rolls").await;
    assert_eq!(planner.list(&place.owner, pb::KeywordFilter::default()).await.count, 2);
}
