//! Deletions taken back.

use contracts::auth::v1 as pb;
use contracts::auth::v1::exchange_request::Credential;
use contracts::auth::v1::undo_service_client::UndoServiceClient;
use contracts::rest::v1::{Deleted, Role};
use futures_util::future::join_all;
use rpc::Kind;

use crate::fixtures::{
    actor, create_site, delete_sector, delete_site, get_site, sector_input, site_input, sites, try_sector, undo, users,
};
use crate::harness::{Auth, PASSWORD, Person, refusal};

async fn delete_user(auth: &Auth, by: &Person, of: &Person) -> Deleted {
    let request = pb::DeleteUserRequest { id: of.user().to_string() };
    users(auth).delete_user(by.request(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_site_comes_back_with_the_sectors_that_went_with_it() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let mut input = site_input("example.com");
    input.sectors = ["one", "two", "three"].map(sector_input).into();
    let site = sites(&auth).create_site(ada.request(input)).await.unwrap().into_inner();
    delete_sector(&auth, &ada, &site.sectors[1]).await.unwrap();
    let deleted = delete_site(&auth, &ada, &site).await;

    let undone = undo(&auth, &ada, &deleted).await.unwrap();
    assert_eq!((undone.object.as_str(), &undone.object_id), ("site", &site.id));
    let restored = get_site(&auth, &ada, &site.id).await.unwrap();
    assert_eq!((restored.name, restored.domain), (site.name, site.domain));
    assert_eq!(restored.sectors.iter().map(|sector| sector.name.as_str()).collect::<Vec<_>>(), ["one", "three"]);
    assert_eq!(undo(&auth, &ada, &deleted).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_token_works_for_ten_minutes() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let deleted = delete_site(&auth, &ada, &site).await;
    let left = deleted.undo_until.unwrap().seconds - chrono::Utc::now().timestamp();
    assert!((590..=600).contains(&left), "{left}");

    auth.execute("UPDATE igny8_undo SET expires_at = expires_at - interval '10 minutes'").await;
    assert_eq!(undo(&auth, &ada, &deleted).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_token_works_once_also_at_the_same_time() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let deleted = delete_site(&auth, &ada, &site).await;
    let undone = join_all((0..4).map(|_| undo(&auth, &ada, &deleted))).await;
    assert_eq!(undone.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_token_belongs_to_its_account_and_to_admins() {
    let auth = Auth::start().await;
    let (ada, bob) = (auth.sign_up("ada@example.com").await, auth.sign_up("bob@example.com").await);
    let site = create_site(&auth, &ada, "example.com").await;
    let deleted = delete_site(&auth, &ada, &site).await;
    assert_eq!(undo(&auth, &bob, &deleted).await.unwrap_err().kind(), Kind::NotFound);
    let request = pb::UndoDeleteRequest { token: deleted.undo_token.clone() };
    let editor = actor(&ada, Role::Editor).request(request);
    let refused = refusal(UndoServiceClient::new(auth.channel()).undo_delete(editor).await);
    assert_eq!((refused.kind(), refused.reason()), (Kind::PermissionDenied, "ROLE_TOO_LOW"));
    undo(&auth, &ada, &deleted).await.unwrap();
}

#[tokio::test]
async fn a_site_whose_domain_is_taken_by_now_stays_deleted_until_it_is_free() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let first = create_site(&auth, &ada, "example.com").await;
    let deleted = delete_site(&auth, &ada, &first).await;
    let second = create_site(&auth, &ada, "example.com").await;

    let refused = undo(&auth, &ada, &deleted).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "SITE_DOMAIN_TAKEN"));
    delete_site(&auth, &ada, &second).await;
    undo(&auth, &ada, &deleted).await.unwrap();
    assert_eq!(get_site(&auth, &ada, &first.id).await.unwrap().domain, "example.com");
}

#[tokio::test]
async fn a_sector_comes_back_where_there_is_room_and_its_name_is_free() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let mut input = site_input("example.com");
    input.sectors = ["one", "two", "three", "four", "five"].map(sector_input).into();
    let site = sites(&auth).create_site(ada.request(input)).await.unwrap().into_inner();
    let deleted = delete_sector(&auth, &ada, &site.sectors[0]).await.unwrap();
    let sixth = try_sector(&auth, &ada, &site, "six").await.unwrap();
    let full = undo(&auth, &ada, &deleted).await.unwrap_err();
    assert_eq!((full.kind(), full.reason()), (Kind::FailedPrecondition, "TOO_MANY_SECTORS"));

    delete_sector(&auth, &ada, &sixth).await.unwrap();
    let namesake = try_sector(&auth, &ada, &site, "ONE").await.unwrap();
    delete_sector(&auth, &ada, &site.sectors[1]).await.unwrap();
    let taken = undo(&auth, &ada, &deleted).await.unwrap_err();
    assert_eq!((taken.kind(), taken.reason()), (Kind::AlreadyExists, "SECTOR_NAME_TAKEN"));

    delete_sector(&auth, &ada, &namesake).await.unwrap();
    assert_eq!(undo(&auth, &ada, &deleted).await.unwrap().object, "sector");
    let names: Vec<String> =
        get_site(&auth, &ada, &site.id).await.unwrap().sectors.into_iter().map(|sector| sector.name).collect();
    assert_eq!(names, ["one", "three", "four", "five"]);
}

#[tokio::test]
async fn a_sector_needs_its_site_to_come_back() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let site = create_site(&auth, &ada, "example.com").await;
    let looms = try_sector(&auth, &ada, &site, "Looms").await.unwrap();
    let sector = delete_sector(&auth, &ada, &looms).await.unwrap();
    let deleted = delete_site(&auth, &ada, &site).await;
    let refused = undo(&auth, &ada, &sector).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::FailedPrecondition, "SITE_DELETED"));
    undo(&auth, &ada, &deleted).await.unwrap();
    undo(&auth, &ada, &sector).await.unwrap();
    assert_eq!(get_site(&auth, &ada, &site.id).await.unwrap().sectors.len(), 2);
}

#[tokio::test]
async fn a_user_comes_back_with_their_keys_and_signs_in_anew() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "admin").await;
    let revoked = crate::api_keys::create(&auth, &bob, crate::api_keys::key("revoked")).await.unwrap();
    auth.execute("UPDATE igny8_api_keys SET revoked_at = now()").await;
    let key = crate::api_keys::create(&auth, &bob, crate::api_keys::key("kept")).await.unwrap();
    let deleted = delete_user(&auth, &ada, &bob).await;
    assert_eq!(auth.try_sign_in("bob@example.com", PASSWORD).await.unwrap_err().reason(), "SIGN_IN_FAILED");

    assert_eq!(undo(&auth, &ada, &deleted).await.unwrap().object, "user");
    assert!(auth.exchange(Credential::AccessToken(bob.token().to_owned())).await.is_err());
    auth.exchange(Credential::ApiKey(key.secret)).await.unwrap();
    assert!(auth.exchange(Credential::ApiKey(revoked.secret)).await.is_err());
    assert_eq!(auth.sign_in("bob@example.com").await.user(), bob.user());
}

#[tokio::test]
async fn a_user_whose_address_is_taken_by_now_stays_deleted() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "viewer").await;
    let deleted = delete_user(&auth, &ada, &bob).await;
    auth.sign_up("bob@example.com").await;
    let refused = undo(&auth, &ada, &deleted).await.unwrap_err();
    assert_eq!((refused.kind(), refused.reason()), (Kind::AlreadyExists, "EMAIL_TAKEN"));
}

#[tokio::test]
async fn an_owner_is_restored_by_owners_only() {
    let auth = Auth::start().await;
    let ada = auth.sign_up("ada@example.com").await;
    let bob = auth.add_user(&ada, "bob@example.com", "owner").await;
    let admin = auth.add_user(&ada, "eve@example.com", "admin").await;
    let deleted = delete_user(&auth, &ada, &bob).await;
    assert_eq!(undo(&auth, &admin, &deleted).await.unwrap_err().reason(), "ROLE_TOO_LOW");
    undo(&auth, &ada, &deleted).await.unwrap();
}
