//! What auth tells the other services, read from its outbox, and what they may ask for.

use contracts::auth::v1 as pb;
use contracts::auth::v1::api_key_service_client::ApiKeyServiceClient;
use contracts::auth::v1::copy_service_client::CopyServiceClient;
use serde::de::DeserializeOwned;
use testkit::internal;
use tonic::Code;
use uuid::Uuid;

use crate::fixtures::{create_site, delete_sector, delete_site, mask, sectors, site_input, sites, try_sector, undo};
use crate::harness::{Auth, PASSWORD, Person, sign_up_request};

/// The events of this name about this account, the oldest first.
async fn told<M: DeserializeOwned>(auth: &Auth, account: Uuid, event: &str) -> Vec<M> {
    let rows =
        format!("SELECT body::text FROM igny8_outbox WHERE account_id = '{account}' AND event = '{event}' ORDER BY id");
    auth.texts(&rows).await.iter().map(|body| serde_json::from_str(body).unwrap()).collect()
}

async fn copies(auth: &Auth, owner: &Person) -> Vec<pb::SiteCopy> {
    let events: Vec<pb::SiteChanged> = told(auth, owner.account(), "auth.site.changed").await;
    events.into_iter().map(|event| event.site.unwrap()).collect()
}

/// The newest copy: its version, and its living sectors.
async fn newest(auth: &Auth, owner: &Person) -> (i64, bool, Vec<String>) {
    let copy = copies(auth, owner).await.pop().unwrap();
    let living = copy.sectors.into_iter().filter(|sector| !sector.deleted).map(|sector| sector.name);
    (copy.version, copy.deleted, living.collect())
}

#[tokio::test]
async fn a_sign_up_tells_of_the_account_and_its_first_site() {
    let auth = Auth::start().await;
    let request = pb::SignUpRequest { site: Some(site_input("engines.example.com")), ..sign_up_request() };
    let owner = Person(auth.sessions().sign_up(testkit::anonymous(request)).await.unwrap().into_inner());
    let created: Vec<pb::AccountCreated> = told(&auth, owner.account(), "auth.account.created").await;
    let expected = pb::AccountCreated { name: "Analytical Engines".into(), email: "ada@example.com".into() };
    assert_eq!(created, [expected]);
    let sites = copies(&auth, &owner).await;
    assert_eq!((sites.len(), sites[0].domain.as_str(), sites[0].sectors.len()), (1, "engines.example.com", 1));
}

#[tokio::test]
async fn a_sign_up_that_fails_tells_of_nothing() {
    let auth = Auth::start().await;
    auth.sign_up("ada@example.com").await;
    let before = auth.count("SELECT FROM igny8_outbox").await;
    let again = auth.sessions().sign_up(testkit::anonymous(sign_up_request())).await;
    assert_eq!(again.unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(auth.count("SELECT FROM igny8_outbox").await, before);
}

#[tokio::test]
async fn the_version_of_a_site_rises_with_all_that_happens_to_it_and_its_sectors() {
    let auth = Auth::start().await;
    let owner = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &owner, "engines.example.com").await;
    let (first, _, names) = newest(&auth, &owner).await;
    assert_eq!(names, ["General"]);

    let looms = try_sector(&auth, &owner, &site, "Looms").await.unwrap();
    assert_eq!(newest(&auth, &owner).await, (first + 1, false, vec!["General".into(), "Looms".into()]));
    let rename = pb::UpdateSectorRequest {
        id: looms.id.clone(),
        name: "Mills".into(),
        update_mask: mask(&["name"]),
        ..pb::UpdateSectorRequest::default()
    };
    sectors(&auth).update_sector(owner.request(rename)).await.unwrap();
    assert_eq!(newest(&auth, &owner).await, (first + 2, false, vec!["General".into(), "Mills".into()]));
    let deleted = delete_sector(&auth, &owner, &looms).await.unwrap();
    assert_eq!(newest(&auth, &owner).await, (first + 3, false, vec!["General".into()]));
    undo(&auth, &owner, &deleted).await.unwrap();
    assert_eq!(newest(&auth, &owner).await, (first + 4, false, vec!["General".into(), "Mills".into()]));
    let rest = pb::UpdateSiteRequest {
        id: site.id.clone(),
        active: false,
        update_mask: mask(&["active"]),
        ..pb::UpdateSiteRequest::default()
    };
    sites(&auth).update_site(owner.request(rest)).await.unwrap();
    assert!(!copies(&auth, &owner).await.pop().unwrap().active);
    let deleted = delete_site(&auth, &owner, &site).await;
    assert_eq!(newest(&auth, &owner).await, (first + 6, true, vec![]));
    undo(&auth, &owner, &deleted).await.unwrap();
    assert_eq!(newest(&auth, &owner).await, (first + 7, false, vec!["General".into(), "Mills".into()]));
    let versions: Vec<i64> = copies(&auth, &owner).await.iter().map(|copy| copy.version).collect();
    assert_eq!(versions, (first..=first + 7).collect::<Vec<_>>());
}

#[tokio::test]
async fn services_may_ask_for_a_copy_and_get_what_was_told_last() {
    let auth = Auth::start().await;
    let owner = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &owner, "engines.example.com").await;
    delete_site(&auth, &owner, &site).await;
    let request = pb::GetSiteCopyRequest { site_id: site.id.clone() };
    let mut planner = CopyServiceClient::new(auth.served.channel("planner"));
    let copy = planner.get_site_copy(internal(owner.account(), request.clone())).await.unwrap().into_inner();
    assert_eq!(Some(copy), copies(&auth, &owner).await.pop());

    let stranger = auth.sign_up("eve@example.com").await;
    let refused = planner.get_site_copy(internal(stranger.account(), request.clone())).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let mut gateway = CopyServiceClient::new(auth.channel());
    let refused = gateway.get_site_copy(internal(owner.account(), request)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn the_life_of_an_account_is_told_to_its_end() {
    let auth = Auth::start().await;
    let owner = auth.sign_up("ada@example.com").await;
    let rename = pb::UpdateAccountRequest { update_mask: mask(&["name"]), name: "Difference Engines".into() };
    auth.accounts().update_account(owner.request(rename)).await.unwrap();
    let cancel = pb::CancelAccountRequest { password: PASSWORD.to_owned() };
    auth.accounts().cancel_account(owner.request(cancel)).await.unwrap();
    let changes: Vec<pb::AccountChanged> = told(&auth, owner.account(), "auth.account.changed").await;
    let changes: Vec<_> = changes.iter().map(|change| (change.name.as_str(), change.status())).collect();
    let name = "Difference Engines";
    assert_eq!(changes, [(name, pb::AccountStatus::Trial), (name, pb::AccountStatus::Cancelled)]);

    auth.execute("UPDATE igny8_accounts SET deletes_at = now() - interval '1 second' WHERE status = 'cancelled'").await;
    auth::sweeper::sweep(&auth.app.db).await.unwrap();
    auth::sweeper::sweep(&auth.app.db).await.unwrap();
    let deleted: Vec<pb::AccountDeleted> = told(&auth, owner.account(), "auth.account.deleted").await;
    assert_eq!(deleted.len(), 1);
    assert!(deleted[0].deleted_at.is_some());
}

#[tokio::test]
async fn what_a_key_may_spend_is_told_until_it_is_revoked() {
    let auth = Auth::start().await;
    let owner = auth.sign_up("ada@example.com").await;
    let mut keys = ApiKeyServiceClient::new(auth.channel());
    let request = pb::CreateApiKeyRequest {
        name: "Importer".into(),
        role: contracts::rest::v1::Role::Editor.into(),
        daily_credit_cap: Some(100),
        ..pb::CreateApiKeyRequest::default()
    };
    let key = keys.create_api_key(owner.request(request)).await.unwrap().into_inner().api_key.unwrap();
    keys.delete_api_key(owner.request(pb::DeleteApiKeyRequest { id: key.id.clone() })).await.unwrap();
    let told: Vec<pb::ApiKeyChanged> = told(&auth, owner.account(), "auth.api_key.changed").await;
    let told: Vec<_> =
        told.iter().map(|told| (told.api_key_id == key.id, told.daily_credit_cap, told.revoked)).collect();
    assert_eq!(told, [(true, Some(100), false), (true, None, true)]);
}
